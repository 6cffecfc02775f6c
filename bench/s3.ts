// Objects of a tenant's bucket, on a Ceph RGW of its own: from a full bucket to surfaced calls, against a bare loop of the calls that
// each object costs; from PUT to surfaced at a steady pace; the webhook; a listing of BENCH_KEYS (100,000) keys against the bare pages;
// intake's memory while it takes in an object of BENCH_LARGE_MIB (2,048).
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { createDiskBlobStore } from '@callbay/blobs';
import { startEmbeddedPostgres } from '@callbay/embedded';
import { applyMigrations, Database } from '@callbay/postgres';
import {
  clientsOf,
  isRgwInstalled,
  makeTenant,
  makeWav,
  openBucket,
  type RgwUser,
  type RunningProduct,
  startOwnRgw,
  startProduct,
  type TestRgw,
  until,
} from '@callbay/testkit';
import { percentiles } from './load.ts';
import { readMemory } from './memory.ts';
import { type BenchResult, comparePairs, round } from './result.ts';
import { putLarge } from './s3-large.ts';

const PAIRS = Number(process.env.BENCH_PAIRS ?? 500);
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3);
const SECONDS = Number(process.env.BENCH_SECONDS ?? 30);
const PAIRS_PER_SECOND = 5;
const EVENTS = 500;
const EVENT_EVERY_MS = 25;
const KEYS = Number(process.env.BENCH_KEYS ?? 100_000);
const LARGE_MIB = Number(process.env.BENCH_LARGE_MIB ?? 2_048);
const AT_ONCE = 16;
const LIMIT_MS = 600_000;
const AIMS = { surfacedMs: 2_000, webhookMs: 20, memoryMib: 150 };

const since = (startedAt: number): number => (performance.now() - startedAt) / 1_000;
const say = (line: string): boolean => process.stderr.write(`${line}\n`);

async function each(count: number, work: (n: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const n = next;
      next += 1;
      await work(n);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

const wav = (n: number): Buffer => makeWav({ seconds: 5, seed: n });
const sidecar = (n: number): string =>
  JSON.stringify({ datetime: '2026-03-02T10:00:00Z', email: `u${n}@x.y`, direction: 'outbound' });

const put = (s3: S3Client, Bucket: string, Key: string, Body: Buffer | string) =>
  s3.send(new PutObjectCommand({ Bucket, Key, Body: Buffer.from(Body) }));

/** HEAD, GET with a digest, COPY, DELETE and the receipt's PUT of each object. Answers objects a second. */
async function measureBare(rgw: TestRgw, turn: number): Promise<number> {
  const { s3, close } = clientsOf(rgw, rgw.own);
  const Bucket = `bare-${turn}`;
  await s3.send(new CreateBucketCommand({ Bucket }));
  await each(PAIRS, async (n) => {
    await put(s3, Bucket, `data/${n}.wav`, wav(n));
    await put(s3, Bucket, `data/${n}.json`, sidecar(n));
  });
  const startedAt = performance.now();
  await each(PAIRS * 2, async (n) => {
    const name = `${n >> 1}.${n % 2 === 0 ? 'wav' : 'json'}`;
    const place = { Bucket, Key: `data/${name}` };
    await s3.send(new HeadObjectCommand(place));
    const { Body } = await s3.send(new GetObjectCommand(place));
    const hash = createHash('sha256');
    for await (const chunk of Body as Readable) hash.update(chunk);
    await s3.send(
      new CopyObjectCommand({ Bucket, Key: `processed/${name}`, CopySource: `${Bucket}/data/${name}` }),
    );
    await s3.send(new DeleteObjectCommand(place));
    await put(s3, Bucket, `receipts/${name}.json`, hash.digest('hex'));
  });
  const rate = (PAIRS * 2) / since(startedAt);
  close();
  return rate;
}

interface Drop {
  readonly bucket: string;
  readonly state: string;
  readonly webhookUrl: string;
}

async function makeDrop(product: RunningProduct, tenantId: string, customer: RgwUser): Promise<Drop> {
  await product.makeTenant(tenantId);
  const drop = await product.api<Drop>('PUT', `/v1/tenants/${tenantId}/s3-drop`, {
    access: 'principal',
    principalArn: customer.arn,
  });
  if (drop.state !== 'ready') throw new Error('the bucket was not made');
  return drop;
}

interface Call {
  readonly surfacedAt: string;
  readonly media: { readonly name: string };
}

const surfaced = (product: RunningProduct, tenantId: string, count: number): Promise<Call[]> =>
  until(
    `${count} calls`,
    async () => {
      const calls = await product.listAll<Call>(`/v1/tenants/${tenantId}/calls`);
      if (calls.length > count) throw new Error(`${calls.length} calls surfaced of ${count} pairs`);
      if (calls.length === count) return calls;
      await pause(250);
      return null;
    },
    LIMIT_MS,
  );

/** A bucket is filled while nobody looks, then listed. Answers objects a second, from the listing to the last surfaced call. */
async function measureSurfaced(product: RunningProduct, s3: S3Client, turn: number, customer: RgwUser) {
  const tenantId = `full${turn}`;
  const { bucket } = await makeDrop(product, tenantId, customer);
  await each(PAIRS, async (n) => {
    await put(s3, bucket, `data/${n}.wav`, wav(n));
    await put(s3, bucket, `data/${n}.json`, sidecar(n));
  });
  const startedAt = performance.now();
  await product.api('POST', `/v1/tenants/${tenantId}/s3-drop/reconcile`);
  await surfaced(product, tenantId, PAIRS);
  return (PAIRS * 2) / since(startedAt);
}

/** Milliseconds from the answer to the later PUT of a pair to its surfacing, with events that the server pushes. */
async function measureEvents(product: RunningProduct, s3: S3Client, customer: RgwUser): Promise<number[]> {
  const tenantId = 'steady';
  const { bucket } = await makeDrop(product, tenantId, customer);
  const putAt = new Map<string, number>();
  const sending: Promise<void>[] = [];
  const pairs = PAIRS_PER_SECOND * SECONDS;
  const startedAt = performance.now();
  for (let n = 0; n < pairs; n += 1) {
    const dueMs = (n * 1_000) / PAIRS_PER_SECOND - (performance.now() - startedAt);
    if (dueMs > 0) await pause(dueMs);
    sending.push(
      (async () => {
        await put(s3, bucket, `data/${n}.wav`, wav(n));
        await put(s3, bucket, `data/${n}.json`, sidecar(n));
        putAt.set(`${n}.wav`, Date.now());
      })(),
    );
  }
  await Promise.all(sending);
  const calls = await surfaced(product, tenantId, pairs);
  return calls
    .map(({ surfacedAt, media }) => Date.parse(surfacedAt) - (putAt.get(media.name) ?? 0))
    .sort((a, b) => a - b);
}

/** Milliseconds of each of many pushed events, one after the other, while the product works them off. */
async function measureWebhook(product: RunningProduct, customer: RgwUser): Promise<number[]> {
  const { webhookUrl, bucket } = await makeDrop(product, 'pushed', customer);
  const times: number[] = [];
  const body = (n: number): string =>
    JSON.stringify({
      Records: [
        { eventName: 'ObjectCreated:Put', s3: { bucket: { name: bucket }, object: { key: `data/${n}` } } },
      ],
    });
  for (let n = 0; n < EVENTS; n += 1) {
    const startedAt = performance.now();
    const { status } = await fetch(webhookUrl, { method: 'POST', body: body(n) });
    if (status !== 202) throw new Error(`the webhook answered ${status}`);
    times.push(performance.now() - startedAt);
    await pause(EVENT_EVERY_MS);
  }
  return times.sort((a, b) => a - b);
}

/** A listing of a bucket whose objects all wait under temporary names, and the bare pages of it. Keys a second. */
async function measureListing(rgw: TestRgw, customer: RgwUser): Promise<BenchResult> {
  await using stack = new AsyncDisposableStack();
  const home = await mkdtemp(join(tmpdir(), 'callbay-bench-s3-'));
  stack.defer(() => rm(home, { recursive: true, force: true }));
  const server = await startEmbeddedPostgres({ home, isThrowaway: true });
  stack.defer(() => server.stop());
  const connectionString = await server.createDatabase('bench');
  await applyMigrations(connectionString);
  const db = stack.use(new Database({ connectionString, max: 10, applicationName: 'bench' }));
  const queue = { wakeReaders: async () => {}, wakeManyReaders: async () => {} };
  const blobs = createDiskBlobStore({ root: join(home, 'blobs') });
  const where = { db, blobs, spoolDir: join(home, 'spool'), deps: { queue } };
  const bucket = stack.use(await openBucket(where, await makeTenant(db), { rgw, customer }));
  await each(KEYS, async (n) => {
    await bucket.put(`${`${n}`.padStart(6, '0')}.wav.part`, 'x');
  });
  const pairs: (readonly [number, number])[] = [];
  for (let turn = 0; turn < ROUNDS; turn += 1) {
    const bareAt = performance.now();
    const seen = new Set<string | undefined>();
    let from: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } | null = {};
    while (from !== null) {
      const page: ListObjectVersionsCommandOutput = await bucket.clients.s3.send(
        new ListObjectVersionsCommand({ Bucket: bucket.drop.bucket, Prefix: 'data/', ...from }),
      );
      for (const { Key } of page.Versions ?? []) seen.add(Key);
      const { IsTruncated, NextKeyMarker: KeyMarker, NextVersionIdMarker: VersionIdMarker } = page;
      from = IsTruncated === true ? { KeyMarker, VersionIdMarker } : null;
    }
    if (seen.size !== KEYS) throw new Error(`${seen.size} of ${KEYS} keys were listed`);
    const bare = KEYS / since(bareAt);
    const oursAt = performance.now();
    await bucket.listing();
    pairs.push([KEYS / since(oursAt), bare]);
  }
  return comparePairs('s3-listing', `keys/s of ${KEYS}`, pairs);
}

/** The most MiB that the intake of a fresh product held while it took in a large object. */
async function measureMemory(product: RunningProduct, s3: S3Client, customer: RgwUser): Promise<number> {
  const tenantId = 'large';
  const { bucket } = await makeDrop(product, tenantId, customer);
  await putLarge(s3, { Bucket: bucket, Key: 'data/large.wav' }, LARGE_MIB * 2 ** 20);
  const before = (await readMemory(product)).intake ?? 0;
  let peak = before;
  await until(
    'the large object is received',
    async () => {
      peak = Math.max(peak, (await readMemory(product)).intake ?? 0);
      const files = await product.listAll<{ name: string }>(`/v1/tenants/${tenantId}/files`);
      return files.length > 0;
    },
    LIMIT_MS,
  );
  say(`intake: ${before.toFixed(0)} MiB before the large object, ${peak.toFixed(0)} at most`);
  return peak;
}

const against = (name: string, ours: number, aim: number, unit: string): BenchResult => ({
  name,
  ours: round(ours),
  peer: aim,
  unit: `${unit} (peer: the aim)`,
  ratio: round(aim / ours),
  runs: [round(ours)],
});

export async function run(): Promise<BenchResult[]> {
  if (!isRgwInstalled()) throw new Error('Ceph’s object gateway is not installed');
  await using rgw = await startOwnRgw();
  const customer = await rgw.makeUser('customer');
  const { s3, close } = clientsOf(rgw, customer);
  const settings = {
    CALLBAY_LOG_LEVEL: 'warn',
    CALLBAY_S3_ENDPOINT: rgw.endpoint,
    CALLBAY_S3_ACCESS_KEY_ID: rgw.own.accessKeyId,
    CALLBAY_S3_SECRET_ACCESS_KEY: rgw.own.secretAccessKey,
    CALLBAY_S3_LIST_SECONDS: '86400',
  };
  const results: BenchResult[] = [];
  const pairs: (readonly [number, number])[] = [];
  {
    await using product = await startProduct({ ...settings, CALLBAY_S3_EVENTS: 'list' });
    for (let turn = 1; turn <= ROUNDS; turn += 1) {
      const bare = await measureBare(rgw, turn);
      const ours = await measureSurfaced(product, s3, turn, customer);
      say(`run ${turn}: ${ours.toFixed(1)} objects/s surfaced, ${bare.toFixed(1)} by the bare loop`);
      pairs.push([ours, bare]);
    }
  }
  {
    await using product = await startProduct({ ...settings, CALLBAY_S3_EVENTS: 'webhook' });
    const events = percentiles(await measureEvents(product, s3, customer));
    const pushed = percentiles(await measureWebhook(product, customer));
    say(`PUT to surfaced ${JSON.stringify(events)} ms, webhook ${JSON.stringify(pushed)} ms`);
    results.push(against('s3-event', events.p99, AIMS.surfacedMs, `ms p99 at ${PAIRS_PER_SECOND} pairs/s`));
    results.push(against('s3-webhook', pushed.p99, AIMS.webhookMs, 'ms p99'));
  }
  {
    await using product = await startProduct(settings);
    const memory = await measureMemory(product, s3, customer);
    results.push(
      against('s3-memory', memory, AIMS.memoryMib, `MiB of intake at an object of ${LARGE_MIB} MiB`),
    );
  }
  results.push(await measureListing(rgw, customer));
  close();
  return [...results, comparePairs('s3', 'objects/s to surfaced', pairs)];
}
