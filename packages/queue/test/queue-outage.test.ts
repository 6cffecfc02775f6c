import { randomUUID } from 'node:crypto';
import { createTestDatabase, isRedisInstalled, startRedis, testServerUrl } from '@callbay/testkit';
import { Redis } from 'ioredis';
import pg from 'pg';
import { expect, test } from 'vitest';
import { createJobQueue, type QueueBackend, startWorkers, type Workers } from '../src/index.ts';

/** A job of any identity. */
const importOf = (tenantId: string, type: string) =>
  ({ name: 'crm.import', payload: { tenantId, type } }) as const;

/** Runs jobs and tells their types as they come. */
async function work(backend: QueueBackend): Promise<{ workers: Workers; next(): Promise<string> }> {
  let waiting = Promise.withResolvers<string>();
  const workers = await startWorkers({
    backend,
    handlers: {
      'crm.import': async ({ type }) => waiting.resolve(type),
      'tenant.read': async () => {},
    },
    concurrency: 2,
    observer: { completed: () => {}, failed: () => {}, broke: () => {} },
  });
  const next = async (): Promise<string> => {
    const type = await waiting.promise;
    waiting = Promise.withResolvers<string>();
    return type;
  };
  return { workers, next };
}

/** Until it is heard: an enqueue may fail while connections are made anew, as for any caller. */
async function insist(act: () => Promise<void>): Promise<void> {
  await expect.poll(() => act().then(() => 'heard'), { timeout: 20_000 }).toBe('heard');
}

test('a Postgres that is not there is a retryable UNAVAILABLE at the start', async () => {
  const opening = createJobQueue({ connectionString: 'postgresql://nobody@127.0.0.1:1/none' }, () => {});
  await expect(opening).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true });
});

test('case 100: every Postgres connection of the queue is cut, and jobs go on by themselves', async () => {
  const database = await createTestDatabase({ isEmpty: true });
  const backend = { connectionString: database.connectionString };
  const queue = await createJobQueue(backend, () => {});
  const { workers, next } = await work(backend);
  const before = randomUUID();
  await queue.enqueueMany([importOf('acme', before)]);
  expect(await next()).toBe(before);

  const admin = new pg.Client({ connectionString: testServerUrl() });
  await admin.connect();
  const name = new URL(database.connectionString).pathname.slice(1);
  await admin.query('SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1', [
    name,
  ]);
  await admin.end();

  const after = randomUUID();
  await insist(() => queue.enqueueMany([importOf('acme', after)]));
  expect(await next()).toBe(after);
  await workers.close();
  await queue.close();
  await database.drop();
});

test.skipIf(!isRedisInstalled())(
  'case 100: Redis goes and comes back empty, and jobs go on by themselves',
  async () => {
    const first = await startRedis();
    const backend = { redisUrl: first.url };
    const queue = await createJobQueue(backend, () => {});
    const { workers, next } = await work(backend);
    await first.stop();
    const type = randomUUID();
    const refused = queue.enqueueMany([importOf('acme', type)]);
    await expect(refused).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true });

    await using _second = await startRedis({ port: first.port });
    await insist(() => queue.enqueueMany([importOf('acme', type)]));
    expect(await next()).toBe(type);
    await workers.close();
    await queue.close();
  },
);

test.skipIf(!isRedisInstalled())(
  'case 96: after Redis was flushed, a job it has forgotten can be made again',
  async () => {
    await using redis = await startRedis();
    const backend = { redisUrl: redis.url };
    const queue = await createJobQueue(backend, () => {});
    const type = randomUUID();
    await queue.enqueueMany([importOf('acme', type)]);
    const client = new Redis(redis.url);
    await client.flushall();
    client.disconnect();
    expect(await queue.queueCounts()).toMatchObject({ waiting: 0 });
    await queue.enqueueMany([importOf('acme', type)]);
    const { workers, next } = await work(backend);
    expect(await next()).toBe(type);
    await workers.close();
    await queue.close();
  },
);

test.skipIf(!isRedisInstalled)(
  'a Redis that is full answers questions and yet is not healthy (skipped without redis-server)',
  async () => {
    await using redis = await startRedis();
    await using queue = await createJobQueue({ redisUrl: redis.url }, () => {});
    await queue.checkHealth();
    const admin = new Redis(redis.url);
    try {
      await admin.config('SET', 'maxmemory-policy', 'noeviction');
      await admin.config('SET', 'maxmemory', '1');
      await queue.queueCounts();
      await expect(queue.checkHealth()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      await admin.config('SET', 'maxmemory', '0');
      await queue.checkHealth();
    } finally {
      admin.disconnect();
    }
  },
);
