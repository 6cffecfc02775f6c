import { setTimeout as pause } from 'node:timers/promises';
import { makeWav, openSftp, type RunningProduct, type SftpClient, until } from '@callbay/testkit';

interface Call {
  readonly surfacedAt: string;
  readonly media: { readonly name: string };
}
interface File {
  readonly name: string;
  readonly receivedAt: string;
}

export interface Load {
  readonly tenantId: string;
  readonly pairsPerSecond: number;
  readonly seconds: number;
  readonly connections: number;
}

/** A load beyond what this machine can keep up with leaves a backlog, which surfaces late. */
const SURFACING_LIMIT_MS = 10 * 60_000;

/** Sends a recording and its sidecar, every second pair the sidecar first; no two recordings are alike. */
async function sendPair(client: SftpClient, n: number): Promise<void> {
  const stem = `20260302-100000_outbound_${n}`;
  const metadata = { datetime: '2026-03-02T10:00:00Z', email: `u${n}@x.y`, direction: 'outbound' };
  const files: [string, Buffer | string][] = [
    [`${stem}.wav`, makeWav({ seconds: 1, seed: n })],
    [`${stem}.json`, JSON.stringify(metadata)],
  ];
  for (const [name, bytes] of n % 2 === 0 ? files : files.reverse()) await client.put(name, bytes);
}

/** Sends pairs of a new tenant at a steady pace, whatever the server's own is. Answers how many. */
async function sendPairs(
  product: RunningProduct,
  { tenantId, pairsPerSecond, seconds, connections }: Load,
): Promise<number> {
  const user = await product.makeTenant(tenantId);
  const clients = await Promise.all(
    Array.from({ length: connections }, () => openSftp(product.sftpPort, user)),
  );
  const pairs = pairsPerSecond * seconds;
  const startedAt = performance.now();
  const sending: Promise<void>[] = [];
  for (let n = 0; n < pairs; n += 1) {
    const dueMs = (n * 1_000) / pairsPerSecond - (performance.now() - startedAt);
    if (dueMs > 0) await pause(dueMs);
    sending.push(sendPair(clients[n % connections]!, n));
  }
  await Promise.all(sending);
  for (const client of clients) await client[Symbol.asyncDispose]();
  return pairs;
}

const stemOf = (name: string): string => name.replace(/\.\w+$/, '');

/**
 * Puts the load on the product and waits until every pair surfaced. Answers each pair's milliseconds from the later
 * `receivedAt` to `surfacedAt`, ascending, as the API tells them.
 */
export async function measureSurfacing(product: RunningProduct, load: Load): Promise<number[]> {
  const pairs = await sendPairs(product, load);
  const path = `/v1/tenants/${load.tenantId}`;
  const calls = await until(
    'every pair surfaced',
    async () => {
      const found = await product.listAll<Call>(`${path}/calls`);
      return found.length >= pairs ? found : null;
    },
    SURFACING_LIMIT_MS,
  );
  if (calls.length !== pairs) throw new Error(`${calls.length} calls surfaced of ${pairs} pairs`);
  const receivedAt = new Map<string, number>();
  for (const file of await product.listAll<File>(`${path}/files`)) {
    const stem = stemOf(file.name);
    receivedAt.set(stem, Math.max(receivedAt.get(stem) ?? 0, Date.parse(file.receivedAt)));
  }
  return calls
    .map(({ surfacedAt, media }) => {
      const completeAt = receivedAt.get(stemOf(media.name));
      if (completeAt === undefined) throw new Error(`no file is known of the call of ${media.name}`);
      return Date.parse(surfacedAt) - completeAt;
    })
    .sort((a, b) => a - b);
}

/** The figures of ascending values. */
export function percentiles(ascending: readonly number[]): Record<'p50' | 'p95' | 'p99' | 'max', number> {
  const at = (share: number): number => ascending[Math.floor((ascending.length - 1) * share)] ?? 0;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}
