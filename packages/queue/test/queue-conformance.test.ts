import { randomUUID } from 'node:crypto';
import { CallbayError } from '@callbay/core';
import { createTestDatabase, isRedisInstalled, startRedis } from '@callbay/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  type CallbayQueue,
  createJobQueue,
  type JobHandlers,
  type JobObserver,
  type QueueBackend,
  startWorkers,
  type Workers,
  type WorkersOptions,
} from '../src/index.ts';

/** A job of any identity. */
const importOf = (tenantId: string, type: string) =>
  ({ name: 'crm.import', payload: { tenantId, type } }) as const;

interface TestBackend {
  readonly backend: QueueBackend;
  stop(): Promise<void>;
}

const backends: readonly { name: string; isHere: boolean; start(): Promise<TestBackend> }[] = [
  {
    name: 'Postgres',
    isHere: true,
    start: async () => {
      const database = await createTestDatabase({ isEmpty: true });
      return { backend: { connectionString: database.connectionString }, stop: () => database.drop() };
    },
  },
  {
    name: 'Redis',
    isHere: isRedisInstalled(),
    start: async () => {
      const redis = await startRedis();
      return { backend: { redisUrl: redis.url }, stop: () => redis.stop() };
    },
  },
];
for (const { name, isHere } of backends) {
  if (!isHere) process.stderr.write(`SKIPPED: the job queue on ${name}, which is not installed\n`);
}

const quiet: JobObserver = { completed: () => {}, failed: () => {}, broke: () => {} };

/** Resolves when `count` calls have come, and tells them. */
function collect<T>(count: number): { push(item: T): void; readonly items: T[]; readonly all: Promise<T[]> } {
  const items: T[] = [];
  const { promise, resolve } = Promise.withResolvers<T[]>();
  const push = (item: T): void => {
    items.push(item);
    if (items.length === count) resolve(items);
  };
  return { push, items, all: promise };
}

describe.each(backends)('on $name', ({ isHere, start }) => {
  let running: TestBackend;
  let queue: CallbayQueue;
  const opened: Workers[] = [];

  beforeAll(async () => {
    if (!isHere) return;
    running = await start();
    queue = await createJobQueue(running.backend, () => {});
  });
  afterEach(async () => {
    for (const workers of opened.splice(0)) await workers.close();
  });
  afterAll(async () => {
    if (!isHere) return;
    await queue.close();
    await running.stop();
  });

  async function work(
    handlers: Partial<JobHandlers>,
    more: Partial<Pick<WorkersOptions, 'observer' | 'concurrency' | 'lockForMs'>> = {},
  ): Promise<Workers> {
    const unexpected = async () => {
      throw new Error('no such job was expected');
    };
    const workers = await startWorkers({
      backend: running.backend,
      handlers: {
        'crm.import': unexpected,
        'tenant.read': unexpected,
        ...handlers,
      },
      concurrency: 4,
      observer: quiet,
      ...more,
    });
    opened.push(workers);
    return workers;
  }

  const guarantee = test.skipIf(!isHere);

  guarantee('a job reaches its handler once, with the payload it was given', async () => {
    const type = randomUUID();
    const done = collect<unknown>(2);
    await queue.enqueueMany([importOf('acme', type)]);
    await queue.wakeReaders('zoë', 'group');
    await work({
      'crm.import': async (payload, { attempt }) => done.push({ payload, attempt }),
      'tenant.read': async (payload, { attempt }) => done.push({ payload, attempt }),
    });
    expect(await done.all).toEqual(
      expect.arrayContaining([
        { payload: { tenantId: 'acme', type }, attempt: 1 },
        { payload: { tenantId: 'zoë', lane: 'group' }, attempt: 1 },
      ]),
    );
  });

  guarantee('jobs enqueued in bulk all run, and the counts go back to none', async () => {
    const types = Array.from({ length: 300 }, () => randomUUID());
    const jobs = types.map((type) => ({ name: 'crm.import', payload: { tenantId: 'acme', type } }) as const);
    await queue.enqueueMany(jobs);
    expect(await queue.queueCounts()).toEqual({ waiting: 300, active: 0, delayed: 0 });
    const done = collect<string>(300);
    const workers = await work({ 'crm.import': async ({ type }) => done.push(type) }, { concurrency: 20 });
    expect(new Set(await done.all)).toEqual(new Set(types));
    await workers.close();
    expect(await queue.queueCounts()).toEqual({ waiting: 0, active: 0, delayed: 0 });
    expect(done.items).toHaveLength(300);
  });

  guarantee('a job that waits already is the same job; another tenant has its own', async () => {
    const type = randomUUID();
    for (const tenantId of ['acme', 'acme', 'acme2', 'acme'])
      await queue.enqueueMany([importOf(tenantId, type)]);
    expect(await queue.queueCounts()).toMatchObject({ waiting: 2 });
    const done = collect<string>(2);
    const workers = await work({ 'crm.import': async ({ tenantId }) => done.push(tenantId) });
    await done.all;
    await workers.close();
    expect(done.items.toSorted()).toEqual(['acme', 'acme2']);
  });

  guarantee('a job enqueued while it runs runs once more afterwards, never at the same time', async () => {
    const type = randomUUID();
    const started = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const done = collect<number>(2);
    let atOnce = 0;
    const workers = await work({
      'crm.import': async () => {
        atOnce += 1;
        started.resolve();
        await release.promise;
        done.push(atOnce);
        atOnce -= 1;
      },
    });
    await queue.enqueueMany([importOf('acme', type)]);
    await started.promise;
    for (let i = 0; i < 3; i += 1) await queue.enqueueMany([importOf('acme', type)]);
    release.resolve();
    expect(await done.all).toEqual([1, 1]);
    await workers.close();
    expect(done.items).toHaveLength(2);
    expect(await queue.queueCounts()).toEqual({ waiting: 0, active: 0, delayed: 0 });
  });

  guarantee(
    'jobs enqueued together run once each, however often they are named or wait already',
    async () => {
      const [waiting, ...others] = Array.from({ length: 20 }, () => randomUUID());
      await queue.enqueueMany([importOf('acme', waiting!)]);
      const jobs = [waiting!, ...others, ...others].map(
        (type) => ({ name: 'crm.import', payload: { tenantId: 'acme', type } }) as const,
      );
      await queue.enqueueMany(jobs);
      await queue.enqueueMany([]);
      expect(await queue.queueCounts()).toEqual({ waiting: 20, active: 0, delayed: 0 });
      const done = collect<string>(20);
      const workers = await work({ 'crm.import': async ({ type }) => done.push(type) });
      await done.all;
      await workers.close();
      expect(done.items.toSorted()).toEqual([waiting!, ...others].toSorted());
    },
  );

  guarantee('an ended job, done or failed, can be made again at once', async () => {
    const type = randomUUID();
    let runs = 0;
    let ended = Promise.withResolvers<void>();
    const end = () => ended.resolve();
    await work(
      {
        'crm.import': async () => {
          runs += 1;
          if (runs === 2) throw new CallbayError('BLOB_MISSING');
        },
      },
      { observer: { ...quiet, completed: end, failed: end } },
    );
    for (const expected of [1, 2, 3]) {
      ended = Promise.withResolvers<void>();
      await queue.enqueueMany([importOf('acme', type)]);
      await ended.promise;
      expect(runs).toBe(expected);
    }
  });

  guarantee('a retryable error is tried again later; the error is told with its cause', async () => {
    const failures: unknown[] = [];
    const done = collect<number>(1);
    const observer = {
      ...quiet,
      failed: (name: string, error: Error, isFinal: boolean) => failures.push({ name, error, isFinal }),
    };
    await queue.enqueueMany([importOf('acme', randomUUID())]);
    await work(
      {
        'crm.import': async (_payload, { attempt }) => {
          if (attempt === 1) throw new CallbayError('UNAVAILABLE');
          done.push(attempt);
        },
      },
      { observer },
    );
    expect(await done.all).toEqual([2]);
    expect(failures).toEqual([
      { name: 'crm.import', error: expect.objectContaining({ code: 'UNAVAILABLE' }), isFinal: false },
    ]);
  });

  guarantee('a fault of ours is tried again like an outage', async () => {
    const done = collect<number>(1);
    await queue.enqueueMany([importOf('acme', randomUUID())]);
    await work({
      'crm.import': async (_payload, { attempt }) => {
        if (attempt === 1) throw new TypeError('a fault');
        done.push(attempt);
      },
    });
    expect(await done.all).toEqual([2]);
  });

  guarantee('a refusal that no retry can change fails at once', async () => {
    const failed = collect<unknown>(1);
    await queue.enqueueMany([importOf('acme', randomUUID())]);
    let runs = 0;
    const workers = await work(
      {
        'crm.import': async () => {
          runs += 1;
          throw new CallbayError('NOT_FOUND');
        },
      },
      { observer: { ...quiet, failed: (_name, error, isFinal) => failed.push({ error, isFinal }) } },
    );
    expect(await failed.all).toEqual([
      { error: expect.objectContaining({ code: 'NOT_FOUND' }), isFinal: true },
    ]);
    await workers.close();
    expect(runs).toBe(1);
    expect(await queue.queueCounts()).toEqual({ waiting: 0, active: 0, delayed: 0 });
  });

  guarantee('a job whose worker was cut off runs again on another', async () => {
    const type = randomUUID();
    const started = Promise.withResolvers<void>();
    const never = Promise.withResolvers<void>();
    const first = await work(
      {
        'crm.import': async () => {
          started.resolve();
          await never.promise;
        },
      },
      { lockForMs: 1_000 },
    );
    await queue.enqueueMany([importOf('acme', type)]);
    await started.promise;
    await first.close(0);
    const done = collect<string>(1);
    await work({ 'crm.import': async (payload) => done.push(payload.type) }, { lockForMs: 1_000 });
    expect(await done.all).toEqual([type]);
    never.resolve();
  });

  guarantee('closing lets running jobs end and takes no more', async () => {
    const started = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const ended: string[] = [];
    const workers = await work(
      {
        'crm.import': async ({ type }) => {
          started.resolve();
          await release.promise;
          ended.push(type);
        },
      },
      { concurrency: 1 },
    );
    const [one, two] = [randomUUID(), randomUUID()];
    await queue.enqueueMany([importOf('acme', one)]);
    await started.promise;
    await queue.enqueueMany([importOf('acme', two)]);
    const closed = workers.close();
    release.resolve();
    await closed;
    expect(ended).toEqual([one]);
    expect(await queue.queueCounts()).toEqual({ waiting: 1, active: 0, delayed: 0 });
    const done = collect<string>(1);
    await work({ 'crm.import': async ({ type }) => done.push(type) });
    expect(await done.all).toEqual([two]);
  });

  guarantee(
    'alarms of one lane that follow each other closely are two: one at once, one after the last',
    async () => {
      const done = collect<string>(2);
      const workers = await work({ 'tenant.read': async ({ lane }) => done.push(lane) });
      const alarms = Array.from({ length: 20 }, () => queue.wakeReaders('acme', 'group'));
      await Promise.all(alarms);
      await done.all;
      await workers.close();
      expect(done.items).toEqual(['group', 'group']);
    },
  );

  guarantee('an alarm for later neither holds back nor swallows one for now', async () => {
    const done = collect<string>(2);
    await queue.wakeReaders('acme', 'alone', 200);
    await queue.wakeReaders('acme', 'alone');
    expect(await queue.queueCounts()).toMatchObject({ waiting: 1, delayed: 1 });
    const workers = await work({ 'tenant.read': async ({ lane }) => done.push(lane) });
    await done.all;
    await workers.close();
    expect(done.items).toEqual(['alone', 'alone']);
  });

  guarantee(
    'an alarm runs a job at once that waits for its next attempt',
    async () => {
      const done = collect<number>(1);
      // Without the alarms these attempts would wait for a quarter of a minute.
      await work(
        {
          'tenant.read': async (_payload, { attempt }) => {
            if (attempt < 6) throw new CallbayError('UNAVAILABLE');
            done.push(attempt);
          },
        },
        { observer: { ...quiet, failed: () => void queue.wakeReaders('acme', 'group') } },
      );
      await queue.wakeReaders('acme', 'group');
      expect(await done.all).toEqual([6]);
    },
    10_000,
  );

  guarantee('a payload outside the catalog never enters the queue', async () => {
    await expect(queue.enqueueMany([importOf('acme', '')])).rejects.toThrow(/type/);
    await expect(queue.wakeReaders('', 'group')).rejects.toThrow(/tenantId/);
    expect(await queue.queueCounts()).toEqual({ waiting: 0, active: 0, delayed: 0 });
  });

  guarantee('health is one answered question', async () => {
    expect(await queue.checkHealth()).toBeLessThan(5_000);
  });
});
