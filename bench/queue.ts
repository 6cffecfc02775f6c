// Jobs that do nothing, through our queue (checked payloads, deduplication, time limits, patient retries) and through
// bare BullMQ with its own defaults, in turn, on one Postgres that waits for its disk as in production; then the same
// on Redis where there is one. Clock: from the first job enqueued to the last one done.
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '@callbay/embedded';
import {
  createJobQueue,
  QUEUE_CONNECTIONS,
  type QueueBackend,
  startWorkers,
  WORKER_CONNECTIONS,
} from '@callbay/queue';
import { isRedisInstalled, startRedis } from '@callbay/testkit';
import { createPostgresBackend, createRedisBackend, withBackend } from 'bullmq';
import { type BenchResult, compareRates } from './result.ts';

const ROUNDS = 5;
const JOBS = 2_000;
/** Producers that wait for each answer, as many as uploads that end at once. */
const PRODUCERS = 16;
const CONCURRENCY = 8;
const TENANT = 'bench';
const LIMIT_MS = 120_000;

interface Peer {
  readonly add: (fileId: string) => Promise<void>;
  close(): Promise<void>;
}

type Start = (onDone: () => void) => Promise<Peer>;

/** Jobs a second. */
async function measure(start: Start): Promise<number> {
  let open = JOBS;
  const all = Promise.withResolvers<void>();
  const late = setTimeout(() => all.reject(new Error(`${open} jobs did not end in time`)), LIMIT_MS);
  const peer = await start(() => {
    open -= 1;
    if (open === 0) all.resolve();
  });
  const startedAt = performance.now();
  let next = 0;
  const producers = Array.from({ length: PRODUCERS }, async () => {
    for (; next < JOBS; next += 1) await peer.add(randomUUID());
  });
  await Promise.all([all.promise, ...producers]);
  const seconds = (performance.now() - startedAt) / 1_000;
  clearTimeout(late);
  await peer.close();
  return JOBS / seconds;
}

const startOurs =
  (backend: QueueBackend): Start =>
  async (onDone) => {
    const fail = (error: Error): never => {
      throw error;
    };
    const queue = await createJobQueue(backend, fail);
    const workers = await startWorkers({
      backend,
      concurrency: CONCURRENCY,
      handlers: {
        'tenant.read': async () => {},
        'crm.import': async () => {},
      },
      observer: { completed: onDone, failed: (_name, error) => fail(error), broke: fail },
    });
    return {
      add: (type) => queue.enqueueMany([{ name: 'crm.import', payload: { tenantId: TENANT, type } }]),
      close: async () => {
        await workers.close();
        await queue.close();
      },
    };
  };

/** BullMQ as its own documentation starts it, with as many connections as ours and nothing else set. */
const startBare =
  (backend: QueueBackend): Start =>
  async (onDone) => {
    const { queue, worker } = 'redisUrl' in backend ? bareOnRedis(backend.redisUrl) : bareOnPostgres(backend);
    worker.on('completed', onDone);
    await queue.waitUntilReady();
    await worker.waitUntilReady();
    return {
      add: async (type) => void (await queue.add('crm.import', { tenantId: TENANT, type })),
      close: async () => {
        await worker.close();
        await queue.close();
      },
    };
  };

const work = async (): Promise<void> => {};
const OPTIONS = { concurrency: CONCURRENCY, removeOnComplete: { count: 0 } };

function bareOnRedis(url: string) {
  const { Queue, Worker } = withBackend(createRedisBackend);
  const connection = { url, maxRetriesPerRequest: null };
  return {
    queue: new Queue('bare', { connection }),
    worker: new Worker('bare', work, { connection, ...OPTIONS }),
  };
}

function bareOnPostgres({ connectionString }: { connectionString: string }) {
  const { Queue, Worker } = withBackend(createPostgresBackend);
  const connection = (max: number) => ({ connectionString, schema: 'bare', migrate: true, max });
  return {
    queue: new Queue('bare', { connection: connection(QUEUE_CONNECTIONS) }),
    worker: new Worker('bare', work, { connection: connection(WORKER_CONNECTIONS - 1), ...OPTIONS }),
  };
}

async function compare(name: string, backend: QueueBackend): Promise<BenchResult> {
  const ours: number[] = [];
  const peers: number[] = [];
  for (let round = 1; round <= ROUNDS; round += 1) {
    ours.push(await measure(startOurs(backend)));
    peers.push(await measure(startBare(backend)));
    process.stderr.write(
      `${name} ${round}: ours ${ours.at(-1)?.toFixed(0)}, BullMQ ${peers.at(-1)?.toFixed(0)} jobs/s\n`,
    );
  }
  return compareRates(name, 'jobs/s', ours, peers);
}

export async function run(): Promise<BenchResult[]> {
  const results: BenchResult[] = [];
  if (isRedisInstalled()) {
    await using redis = await startRedis();
    results.push(await compare('queue-redis', { redisUrl: redis.url }));
  } else process.stderr.write('SKIPPED: the queue on Redis, which is not installed\n');
  const home = await mkdtemp(join(tmpdir(), 'callbay-bench-'));
  const postgres = await startEmbeddedPostgres({
    home,
    isThrowaway: true,
    settings: { fsync: 'on', synchronous_commit: 'on' },
  });
  try {
    results.push(await compare('queue', { connectionString: await postgres.createDatabase('bench') }));
  } finally {
    await postgres.stop();
    await rm(home, { recursive: true, force: true });
  }
  return results;
}
