// Listener, worker, Postgres and the server of buckets end at random moments while a customer puts objects: the customer's
// ledger equals what surfaced, waits or was rejected, each once.
import { setTimeout as pause } from 'node:timers/promises';
import { ListObjectVersionsCommand, type S3Client } from '@aws-sdk/client-s3';
import {
  clientsOf,
  INSTALL_RGW,
  isRgwInstalled,
  type RunningProduct,
  startOwnRgw,
  startProduct,
  until,
} from '@callbay/testkit';
import { expect, onTestFailed, test } from 'vitest';
import { makeObjects, ObjectSender, type ObjectSent } from './s3-sender.ts';

/** More of both for a long run. */
const PAIRS = Number(process.env.S3_KILL_PAIRS ?? 40);
const KILLS = Number(process.env.S3_KILLS ?? 6);
const CONNECTIONS = 6;
const MOMENT_MS = 200;
const LOG_LINES = 80;
const SETTLE_LIMIT_MS = 240_000;
const LIMIT_MS = SETTLE_LIMIT_MS + 120_000 + KILLS * 20_000;
const TENANT = 'kill';
const PATH = `/v1/tenants/${TENANT}`;

/** What is killed, and what the log says once another one serves. */
const SERVES = {
  intake: 'sftp serves',
  pipeline: 'pipeline works',
  postgres: 'the embedded Postgres is back',
} as const;
type Part = keyof typeof SERVES;
const TARGETS = ['intake', 'pipeline', 'postgres', 'gateway'] as const;
type Target = (typeof TARGETS)[number];

interface File {
  readonly id: string;
  readonly name: string;
  readonly sha256: string | null;
  readonly state: string;
  readonly bucket: string;
  readonly key: string;
  readonly versionId: string;
  readonly outcome: { readonly code: string } | null;
}
interface Call {
  readonly callId: number;
  readonly revision: number;
  readonly media: { readonly name: string; readonly sha256: string };
}

type Rgw = Awaited<ReturnType<typeof startOwnRgw>>;

const startsOf = (product: RunningProduct, part: Part): number => product.log().split(SERVES[part]).length;

async function kill(product: RunningProduct, rgw: Rgw, target: Target): Promise<void> {
  if (target === 'gateway') {
    await rgw.stopGateway();
    return rgw.startGateway();
  }
  const pid = await until(`a ${target} to kill`, async () => (await product.pids())[target], 30_000);
  const starts = startsOf(product, target);
  process.kill(pid, 'SIGKILL');
  await until(`another ${target} that serves`, async () => startsOf(product, target) > starts, 60_000);
}

/** Sends the load in as many parts as there are kills, and kills somebody at a random moment of each part. */
async function sendUnderFire(
  product: RunningProduct,
  rgw: Rgw,
  sender: ObjectSender,
  objects: readonly ObjectSent[],
): Promise<Record<string, number>> {
  const later = [...objects];
  const queue: ObjectSent[] = [];
  const senders = Array.from({ length: CONNECTIONS }, () => sender.run(queue, () => later.length === 0));
  const part = Math.ceil(later.length / KILLS);
  const kills: Record<string, number> = {};
  for (let n = 0; n < KILLS; n += 1) {
    // Each of them in turn, so that a short run meets all.
    const target = TARGETS[n % TARGETS.length]!;
    const before = sender.acknowledged.size;
    const more = later.splice(0, part);
    queue.push(...more);
    const share = Math.floor(Math.random() * Math.max(1, more.length - CONNECTIONS));
    await until('some of it acknowledged', async () => sender.acknowledged.size >= before + share, 60_000);
    await pause(Math.random() * MOMENT_MS);
    await kill(product, rgw, target);
    kills[target] = (kills[target] ?? 0) + 1;
  }
  await Promise.all(senders);
  return kills;
}

const lastWords = (product: RunningProduct): string =>
  product
    .log()
    .split('\n')
    .filter((line) => !line.includes('"msg":"request"'))
    .slice(-LOG_LINES)
    .join('\n');

const STATES = { surfaced: 'done', held: 'held', rejected: 'rejected' } as const;

/** The files, once each acknowledged one has ended as it must. */
const settledFiles = (product: RunningProduct, sender: ObjectSender, objects: readonly ObjectSent[]) =>
  until(
    'every acknowledged object ended',
    async () => {
      const found = await product.listAll<File>(`${PATH}/files`).catch(() => []);
      const stateOf = new Map(found.map(({ id, state }) => [id, state]));
      const isSettled = objects.every(({ name }) => stateOf.has(sender.acknowledged.get(name) ?? ''));
      const isOpen = found.some(({ state }) => state === 'received');
      const held = found.filter(({ state }) => state === 'held').length;
      const waiting = objects.filter(({ fate }) => fate === 'held').length;
      return isSettled && !isOpen && held <= waiting ? found : null;
    },
    SETTLE_LIMIT_MS,
  );

async function listVersions(s3: S3Client, Bucket: string, Prefix: string): Promise<string[]> {
  const versions: string[] = [];
  let markers: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } = {};
  for (;;) {
    const page = await s3.send(new ListObjectVersionsCommand({ Bucket, Prefix, ...markers }));
    versions.push(...(page.Versions ?? []).map(({ Key, VersionId }) => `${Key} ${VersionId}`));
    if (page.IsTruncated !== true) return versions.sort();
    markers = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker };
  }
}

if (!isRgwInstalled()) console.warn(`buckets are not tested: install Ceph with \`${INSTALL_RGW}\``);

test.skipIf(!isRgwInstalled())(
  'kills of listener, worker, Postgres and bucket server lose no object and surface none twice',
  { timeout: LIMIT_MS },
  async () => {
    await using rgw = await startOwnRgw();
    const customer = await rgw.makeUser('customer');
    await using product = await startProduct({
      CALLBAY_S3_ENDPOINT: rgw.endpoint,
      CALLBAY_S3_ACCESS_KEY_ID: rgw.own.accessKeyId,
      CALLBAY_S3_SECRET_ACCESS_KEY: rgw.own.secretAccessKey,
      CALLBAY_S3_LIST_SECONDS: '5',
    });
    onTestFailed(() => console.log(lastWords(product)));
    await product.makeTenant(TENANT);
    const drop = await product.api<{ state: string; bucket: string }>('PUT', `${PATH}/s3-drop`, {
      access: 'principal',
      principalArn: customer.arn,
    });
    expect(drop.state).toBe('ready');
    const clients = clientsOf(rgw, customer);
    const owner = clientsOf(rgw, rgw.own);
    const sender = new ObjectSender(clients.s3, drop.bucket);
    const objects = makeObjects(PAIRS);
    const kills = await sendUnderFire(product, rgw, sender, objects);
    const files = await settledFiles(product, sender, objects);
    const calls = await product.listAll<Call>(`${PATH}/calls`);
    const byCode: Record<string, number> = {};
    for (const { outcome } of files)
      byCode[outcome?.code ?? 'none'] = (byCode[outcome?.code ?? 'none'] ?? 0) + 1;
    console.log(
      `killed ${JSON.stringify(kills)}; ${sender.acknowledged.size} objects acknowledged, ${sender.lost} answers lost, ` +
        `${files.length} known, ${JSON.stringify(byCode)}, ${calls.length} calls`,
    );

    const byId = new Map(files.map((file) => [file.id, file]));
    expect(byId.size).toBe(files.length);
    for (const { name, sha256, fate } of objects) {
      const file = byId.get(sender.acknowledged.get(name)!);
      expect(file).toMatchObject({ name, sha256 });
      // What was put again, since an answer was lost, is one file more of the same bytes.
      const states = files.filter((each) => each.name === name).map(({ state }) => state);
      expect(states).toContain(STATES[fate]);
      const settled = files.filter((each) => each.name === name && each.outcome?.code === 'SURFACED');
      expect(settled).toHaveLength(fate === 'surfaced' ? 1 : 0);
    }
    expect(files.length - objects.length).toBeLessThanOrEqual(sender.lost);

    const pairs = objects.filter(({ fate, name }) => fate === 'surfaced' && name.endsWith('.wav'));
    const ids = calls.map(({ callId }) => callId).sort((a, b) => a - b);
    expect(ids).toEqual(pairs.map((_, n) => n + 1));
    expect(new Set(calls.map(({ revision }) => revision))).toEqual(new Set([1]));
    const digests = new Map(objects.map(({ name, sha256 }) => [name, sha256]));
    for (const { media } of calls) expect(media.sha256).toBe(digests.get(media.name));

    // In the end the bucket holds each file once, where its row says.
    const folders = ['data/', 'processed/', 'rejected/'];
    const rest = async () =>
      (await Promise.all(folders.map((folder) => listVersions(owner.s3, drop.bucket, folder)))).flat();
    await until(
      'every object at its place',
      async () => {
        const now = await product.listAll<File>(`${PATH}/files`);
        const places = now.map(({ key, versionId }) => `${key} ${versionId}`).sort();
        const isMoved = now.every(
          ({ key, state }) => key.startsWith('data/') === (state === 'held' || state === 'received'),
        );
        return isMoved && (await rest()).sort().join('\n') === places.join('\n');
      },
      120_000,
    );
    clients.close();
    owner.close();
  },
);
