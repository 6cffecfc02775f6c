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
        'file.classify': unexpected,
        'crm.import': unexpected,
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
    const fileId = randomUUID();
    const done = collect<unknown>(2);
    await queue.enqueueClassify('acme', fileId);
    await queue.enqueueCrmImport('Zoë: 1', 'contacts');
    await work({
      'file.classify': async (payload, { attempt }) => done.push({ payload, attempt }),
      'crm.import': async (payload, { attempt }) => done.push({ payload, attempt }),
    });
    expect(await done.all).toEqual(
      expect.arrayContaining([
        { payload: { tenantId: 'acme', fileId }, attempt: 1 },
        { payload: { tenantId: 'Zoë: 1', type: 'contacts' }, attempt: 1 },
      ]),
    );
  });

  guarantee('jobs enqueued in bulk all run, and the counts go back to none', async () => {
    const fileIds = Array.from({ length: 300 }, () => randomUUID());
    const jobs = fileIds.map(
      (fileId) => ({ name: 'file.classify', payload: { tenantId: 'acme', fileId } }) as const,
    );
    await queue.enqueueMany(jobs);
    expect(await queue.queueCounts()).toEqual({ waiting: 300, active: 0, delayed: 0 });
    const done = collect<string>(300);
    const workers = await work(
      { 'file.classify': async ({ fileId }) => done.push(fileId) },
      { concurrency: 20 },
    );
    expect(new Set(await done.all)).toEqual(new Set(fileIds));
    await workers.close();
    expect(await queue.queueCounts()).toEqual({ waiting: 0, active: 0, delayed: 0 });
    expect(done.items).toHaveLength(300);
  });

  guarantee('a job that waits already is the same job; another tenant has its own', async () => {
    const fileId = randomUUID();
    for (const tenantId of ['acme', 'acme', 'acme2', 'acme']) await queue.enqueueClassify(tenantId, fileId);
    expect(await queue.queueCounts()).toMatchObject({ waiting: 2 });
    const done = collect<string>(2);
    const workers = await work({ 'file.classify': async ({ tenantId }) => done.push(tenantId) });
    await done.all;
    await workers.close();
    expect(done.items.toSorted()).toEqual(['acme', 'acme2']);
  });

  guarantee('a job enqueued while it runs runs once more afterwards, never at the same time', async () => {
    const fileId = randomUUID();
    const started = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const done = collect<number>(2);
    let atOnce = 0;
    const workers = await work({
      'file.classify': async () => {
        atOnce += 1;
        started.resolve();
        await release.promise;
        done.push(atOnce);
        atOnce -= 1;
      },
    });
    await queue.enqueueClassify('acme', fileId);
    await started.promise;
    for (let i = 0; i < 3; i += 1) await queue.enqueueClassify('acme', fileId);
    release.resolve();
    expect(await done.all).toEqual([1, 1]);
    await workers.close();
    expect(done.items).toHaveLength(2);
    expect(await queue.queueCounts()).toEqual({ waiting: 0, active: 0, delayed: 0 });
  });

  guarantee(
    'files enqueued together run once each, however often they are named or wait already',
    async () => {
      const [waiting, ...others] = Array.from({ length: 20 }, () => randomUUID());
      await queue.enqueueClassify('acme', waiting!);
      const files = [waiting!, ...others, ...others].map((fileId) => ({ tenantId: 'acme', fileId }));
      await queue.enqueueManyClassify(files);
      await queue.enqueueManyClassify([]);
      expect(await queue.queueCounts()).toEqual({ waiting: 20, active: 0, delayed: 0 });
      const done = collect<string>(20);
      const workers = await work({ 'file.classify': async ({ fileId }) => done.push(fileId) });
      await done.all;
      await workers.close();
      expect(done.items.toSorted()).toEqual([waiting!, ...others].toSorted());
    },
  );

  guarantee('an ended job, done or failed, can be made again at once', async () => {
    const fileId = randomUUID();
    let runs = 0;
    let ended = Promise.withResolvers<void>();
    const end = () => ended.resolve();
    await work(
      {
        'file.classify': async () => {
          runs += 1;
          if (runs === 2) throw new CallbayError('BLOB_MISSING');
        },
      },
      { observer: { ...quiet, completed: end, failed: end } },
    );
    for (const expected of [1, 2, 3]) {
      ended = Promise.withResolvers<void>();
      await queue.enqueueClassify('acme', fileId);
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
    await queue.enqueueClassify('acme', randomUUID());
    await work(
      {
        'file.classify': async (_payload, { attempt }) => {
          if (attempt === 1) throw new CallbayError('UNAVAILABLE');
          done.push(attempt);
        },
      },
      { observer },
    );
    expect(await done.all).toEqual([2]);
    expect(failures).toEqual([
      { name: 'file.classify', error: expect.objectContaining({ code: 'UNAVAILABLE' }), isFinal: false },
    ]);
  });

  guarantee('a fault of ours is tried again like an outage', async () => {
    const done = collect<number>(1);
    await queue.enqueueClassify('acme', randomUUID());
    await work({
      'file.classify': async (_payload, { attempt }) => {
        if (attempt === 1) throw new TypeError('a fault');
        done.push(attempt);
      },
    });
    expect(await done.all).toEqual([2]);
  });

  guarantee('a refusal that no retry can change fails at once', async () => {
    const failed = collect<unknown>(1);
    await queue.enqueueClassify('acme', randomUUID());
    let runs = 0;
    const workers = await work(
      {
        'file.classify': async () => {
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
    const fileId = randomUUID();
    const started = Promise.withResolvers<void>();
    const never = Promise.withResolvers<void>();
    const first = await work(
      {
        'file.classify': async () => {
          started.resolve();
          await never.promise;
        },
      },
      { lockForMs: 1_000 },
    );
    await queue.enqueueClassify('acme', fileId);
    await started.promise;
    await first.close(0);
    const done = collect<string>(1);
    await work({ 'file.classify': async (payload) => done.push(payload.fileId) }, { lockForMs: 1_000 });
    expect(await done.all).toEqual([fileId]);
    never.resolve();
  });

  guarantee('closing lets running jobs end and takes no more', async () => {
    const started = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const ended: string[] = [];
    const workers = await work(
      {
        'file.classify': async ({ fileId }) => {
          started.resolve();
          await release.promise;
          ended.push(fileId);
        },
      },
      { concurrency: 1 },
    );
    const [one, two] = [randomUUID(), randomUUID()];
    await queue.enqueueClassify('acme', one);
    await started.promise;
    await queue.enqueueClassify('acme', two);
    const closed = workers.close();
    release.resolve();
    await closed;
    expect(ended).toEqual([one]);
    expect(await queue.queueCounts()).toEqual({ waiting: 1, active: 0, delayed: 0 });
    const done = collect<string>(1);
    await work({ 'file.classify': async ({ fileId }) => done.push(fileId) });
    expect(await done.all).toEqual([two]);
  });

  guarantee('a payload outside the catalog never enters the queue', async () => {
    await expect(queue.enqueueClassify('acme', 'not-a-uuid')).rejects.toThrow(/uuid/i);
    await expect(queue.enqueueCrmImport('', 'contacts')).rejects.toThrow();
    expect(await queue.queueCounts()).toEqual({ waiting: 0, active: 0, delayed: 0 });
  });

  guarantee('health is one answered question', async () => {
    expect(await queue.checkHealth()).toBeLessThan(5_000);
  });
});
