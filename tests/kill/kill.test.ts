import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import {
  makeWav,
  openSftp,
  type RunningProduct,
  type SftpClient,
  startProduct,
  until,
} from '@callbay/testkit';
import { expect, test } from 'vitest';

const PAIRS = 250;
const CONNECTIONS = 4;
const KILLS = 20;
/** What is killed, and what the log says once another one serves. */
const SERVES = {
  intake: 'sftp serves',
  pipeline: 'pipeline works',
  postgres: 'the embedded Postgres is back',
} as const;
type Target = keyof typeof SERVES;
const TARGETS = Object.keys(SERVES) as Target[];
const TENANT = 'kill';

interface Sent {
  readonly name: string;
  readonly bytes: Buffer;
  readonly sha256: string;
}
interface File {
  readonly name: string;
  readonly sha256: string | null;
  readonly state: string;
  readonly outcome: { readonly code: string } | null;
}
interface Call {
  readonly callId: number;
  readonly media: { readonly name: string };
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const sent = (name: string, bytes: Buffer): Sent => ({ name, bytes, sha256: sha256(bytes) });

function makeLoad(): Sent[] {
  return Array.from({ length: PAIRS }, (_, n) => {
    const stem = `20260302-100000_outbound_${n}`;
    const metadata = JSON.stringify({
      datetime: '2026-03-02T10:00:00Z',
      email: `u${n}@x.y`,
      direction: 'outbound',
    });
    const pair = [
      sent(`${stem}.wav`, makeWav({ seconds: 30, seed: n })),
      sent(`${stem}.json`, Buffer.from(metadata)),
    ];
    return n % 3 === 0 ? pair.reverse() : pair;
  }).flat();
}

/** A client as customers write them: it tries each file until the server has acknowledged it. */
class Sender {
  readonly acknowledged = new Map<string, string>();
  inFlight = 0;
  readonly #product: RunningProduct;
  readonly #user: Awaited<ReturnType<RunningProduct['makeTenant']>>;

  constructor(product: RunningProduct, user: Awaited<ReturnType<RunningProduct['makeTenant']>>) {
    this.#product = product;
    this.#user = user;
  }

  /** Sends what is in the queue, and what is put there later, until `isFull` says that no more comes. */
  async run(queue: Sent[], isFull: () => boolean): Promise<void> {
    let client: SftpClient | null = null;
    while (queue.length > 0 || !isFull()) {
      const file = queue.shift();
      if (!file) await pause(5);
      else client = await this.#putUntilAcknowledged(client, file);
    }
    await client?.[Symbol.asyncDispose]();
  }

  async #putUntilAcknowledged(open: SftpClient | null, file: Sent): Promise<SftpClient> {
    let client = open;
    for (;;) {
      try {
        client ??= await openSftp(this.#product.sftpPort, this.#user);
        await this.#put(client, file);
        return client;
      } catch {
        // Refused or broken, as every kill makes it: whatever it was, the file is sent again.
        client?.kill();
        client = null;
        await pause(50);
      }
    }
  }

  /** A put that the connection's death ends too: a request that is never answered rejects. */
  async #put(client: SftpClient, file: Sent): Promise<void> {
    this.inFlight += 1;
    try {
      const lost = Promise.withResolvers<never>();
      const lose = (): void => lost.reject(new Error('connection lost'));
      client.sftp.once('close', lose);
      await Promise.race([client.put(file.name, file.bytes), lost.promise]);
      client.sftp.off('close', lose);
      this.acknowledged.set(file.name, file.sha256);
    } finally {
      this.inFlight -= 1;
    }
  }
}

const startsOf = (product: RunningProduct, target: Target): number =>
  product.log().split(SERVES[target]).length;

test('twenty kills at random lose nothing acknowledged and surface nothing twice', async () => {
  await using product = await startProduct();
  const user = await product.makeTenant(TENANT);
  const load = makeLoad();
  const later = [...load];
  const queue: Sent[] = [];
  const sender = new Sender(product, user);
  const sending = Promise.all(
    Array.from({ length: CONNECTIONS }, () => sender.run(queue, () => later.length === 0)),
  );

  const kills: { target: Target; inFlight: number }[] = [];
  while (kills.length < KILLS) {
    queue.push(...later.splice(0, Math.ceil(load.length / KILLS)));
    const target = TARGETS[Math.floor(Math.random() * TARGETS.length)]!;
    const pid = await until(`a ${target} to kill`, async () => (await product.pids())[target], 30_000);
    const starts = startsOf(product, target);
    await until('a transfer under way', async () => sender.inFlight > 0 || queue.length === 0);
    kills.push({ target, inFlight: sender.inFlight });
    process.kill(pid, 'SIGKILL');
    await until(`another ${target} that serves`, async () => startsOf(product, target) > starts, 60_000);
  }
  await sending;

  const files = await until(
    'every file ended',
    async () => {
      const found = await product.listAll<File>(`/v1/tenants/${TENANT}/files`).catch(() => []);
      const isOpen = (file: File): boolean => file.state === 'received' || file.state === 'held';
      return found.length >= load.length && !found.some(isOpen) ? found : null;
    },
    60_000,
  );
  const calls = await product.listAll<Call>(`/v1/tenants/${TENANT}/calls`);

  const during = kills.filter((kill) => kill.inFlight > 0);
  console.log(
    `kills ${JSON.stringify(
      Object.groupBy(kills, (k) => k.target),
      (_, v) => (Array.isArray(v) ? v.length : v),
    )}, ` +
      `${during.length} of ${kills.length} during a transfer, ${files.length} file rows for ${load.length} files`,
  );
  expect(during.length).toBeGreaterThanOrEqual(10);
  expect(sender.acknowledged.size).toBe(load.length);
  const known = new Set(files.map((file) => `${file.name} ${file.sha256}`));
  for (const [name, digest] of sender.acknowledged) expect(known).toContain(`${name} ${digest}`);
  // A file whose acknowledgement was lost was sent again: that copy ends as no news.
  const codes = Object.groupBy(files, (file) => file.outcome?.code ?? 'none');
  expect(Object.keys(codes).filter((code) => !['SURFACED', 'DUPLICATE', 'UNCHANGED'].includes(code))).toEqual(
    [],
  );
  expect(codes.SURFACED).toHaveLength(load.length);
  expect(calls.map((call) => call.callId).sort((a, b) => a - b)).toEqual(
    Array.from({ length: PAIRS }, (_, n) => n + 1),
  );
  expect(new Set(calls.map((call) => call.media.name)).size).toBe(PAIRS);
}, 240_000);
