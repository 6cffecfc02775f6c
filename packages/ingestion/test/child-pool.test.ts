import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { until } from '@callbay/testkit';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import { type ChildPool, createChildPool } from '../src/reading/child-pool.ts';
import type { PoolTasks } from './fixtures/pool-tasks.ts';

const limits = { timeLimitMs: 20_000 };
const faults: unknown[] = [];
const noteFault = (error: unknown): void => void faults.push(error);
process.on('uncaughtException', noteFault);

afterEach(() => {
  expect(faults.splice(0)).toEqual([]);
});

function startPool(
  options: { processes?: number; warm?: number; idleMs?: number; module?: string } = {},
): ChildPool<PoolTasks> {
  const { module = 'pool-tasks', ...rest } = options;
  const pool = createChildPool<PoolTasks>({
    module: new URL(`./fixtures/${module}.ts`, import.meta.url),
    processes: 1,
    warm: 1,
    heapMb: 64,
    idleMs: 60_000,
    ...rest,
  });
  onTestFinished(() => pool[Symbol.asyncDispose]());
  return pool;
}

const pidOf = async (pool: ChildPool<PoolTasks>): Promise<number> => (await pool.run('echo', '', limits)).pid;

/** Gone, or dead and not yet waited for. */
const hasEnded = async (pid: number): Promise<boolean> => {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') Z');
  return status.slice(status.lastIndexOf(')') + 2).startsWith('Z');
};

const childrenOf = async (pid: number): Promise<number> =>
  (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).split(' ').filter(Boolean).length;

test('a task runs in a process that knows none of our environment', async () => {
  process.env.CALLBAY_SECRET_KEY_OF_TEST = 'secret';
  const pool = startPool();
  const answer = await pool.run('echo', 'hello', limits);
  delete process.env.CALLBAY_SECRET_KEY_OF_TEST;
  expect(answer).toMatchObject({ text: 'hello' });
  expect(answer.pid).not.toBe(process.pid);
  expect(answer.env.filter((name) => !name.startsWith('NODE_CHANNEL_'))).toEqual(['NODE_ENV', 'TZ']);
});

test('an idle child that is killed is replaced, and nothing else notices', async () => {
  const pool = startPool();
  const pid = await pidOf(pool);
  process.kill(pid, 'SIGKILL');
  await until('the killed child is gone', () => hasEnded(pid));
  expect(await pidOf(pool)).not.toBe(pid);
});

test('a task on its way to a child that was just killed is given to another', async () => {
  const pool = startPool();
  const pid = await pidOf(pool);
  process.kill(pid, 'SIGKILL');
  // No turn of the event loop since: the pool cannot know yet.
  expect(await pidOf(pool)).not.toBe(pid);
});

test('a busy child that is killed fails its own task and no other', async () => {
  const pool = startPool({ processes: 2, warm: 2 });
  const pids = (await Promise.all([1, 2].map(() => pool.run('echo', '', limits)))).map(({ pid }) => pid);
  const doomed = pool.run('rest', null, limits);
  const others = Array.from({ length: 5 }, () => pool.run('echo', '', limits));
  const [idle] = new Set((await Promise.all(others)).map(({ pid }) => pid));
  process.kill(pids.find((pid) => pid !== idle)!, 'SIGKILL');
  await expect(doomed).rejects.toMatchObject({ reason: 'died' });
  await expect(pidOf(pool)).resolves.toBeGreaterThan(0);
});

test.each([
  ['exits', 'exit', 3, 'ended with 3'],
  ['exits as if all were well', 'exit', 0, 'ended with 0'],
  ['fills its heap', 'eat', null, 'ended with SIGABRT'],
] as const)(
  'a child that %s fails its own task, and the next task runs',
  async (_title, name, payload, how) => {
    const pool = startPool();
    const task = pool.run(name as 'exit', payload as number, limits);
    const next = pool.run('echo', 'next', limits);
    await expect(task).rejects.toMatchObject({ reason: 'died', message: expect.stringContaining(how) });
    expect((await next).text).toBe('next');
  },
);

test('what V8 says of a full heap comes with the failure', async () => {
  const failure = await startPool()
    .run('eat', null, limits)
    .catch((error: Error) => error);
  expect(String((failure as Error).cause)).toContain('heap out of memory');
});

test('a task that throws fails alone: its child lives on', async () => {
  const pool = startPool();
  const pid = await pidOf(pool);
  const failure = pool.run('throw', 'a bad byte', limits);
  await expect(failure).rejects.toMatchObject({ reason: 'threw', cause: { message: 'a bad byte' } });
  expect(await pidOf(pool)).toBe(pid);
});

test('a task out of time is late, its child is killed, and waiting for a child takes none of its time', async () => {
  const pool = startPool();
  const pid = await pidOf(pool);
  const late = pool.run('spin', null, { timeLimitMs: 1_000 });
  const next = pool.run('echo', 'next', { timeLimitMs: 900 });
  await expect(late).rejects.toMatchObject({ reason: 'late' });
  expect((await next).text).toBe('next');
  expect(await hasEnded(pid)).toBe(true);
});

test('an aborted task ends with the signal’s reason, whether it runs or waits', async () => {
  const pool = startPool();
  const pid = await pidOf(pool);
  const controller = new AbortController();
  const running = pool.run('spin', null, { ...limits, signal: controller.signal });
  const waiting = pool.run('echo', '', { ...limits, signal: controller.signal });
  const ends = Promise.allSettled([running, waiting]);
  controller.abort(new Error('enough'));
  for (const end of await ends) expect(end).toMatchObject({ reason: { message: 'enough' } });
  expect(await pidOf(pool)).not.toBe(pid);
  await expect(pool.run('echo', '', { ...limits, signal: controller.signal })).rejects.toThrow('enough');
});

test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
  'a %s that reaches the child too is its parent’s to answer',
  async (signal) => {
    const pool = startPool();
    const pid = await pidOf(pool);
    process.kill(pid, signal);
    expect(await pidOf(pool)).toBe(pid);
  },
);

test('children end when their parent is killed, the one that spins too', async () => {
  const parent = spawn(
    process.execPath,
    [fileURLToPath(new URL('./fixtures/pool-parent.ts', import.meta.url))],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  onTestFinished(() => void parent.kill('SIGKILL'));
  const [line] = (await once(createInterface(parent.stdout!), 'line')) as [string];
  const pids = JSON.parse(line) as number[];
  expect(pids).toHaveLength(2);
  parent.kill('SIGKILL');
  for (const pid of pids) await until('the child is gone', () => hasEnded(pid));
});

test('a child that cannot be loaded refuses what waits as an outage, and is not started for ever', async () => {
  const pool = startPool({ module: 'broken-tasks', warm: 0 });
  const ends = await Promise.allSettled([1, 2].map(() => pool.run('echo', '', limits)));
  for (const end of ends) expect(end).toMatchObject({ reason: { code: 'UNAVAILABLE', retryable: true } });
  await until('no child is left', async () => (await childrenOf(process.pid)) === 0);
});

test('a process that the system refuses to start is an outage that ends by itself', async () => {
  const pool = startPool({ warm: 0 });
  const path = process.execPath;
  process.execPath = '/no/such/program';
  const refused = pool.run('echo', '', limits);
  process.execPath = path;
  await expect(refused).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect((await pool.run('echo', 'again', limits)).text).toBe('again');
});

test('children beyond those that are kept warm end when nothing comes', async () => {
  const pool = startPool({ processes: 3, idleMs: 50 });
  const pids = new Set<number>();
  const rests = Array.from({ length: 2 }, () => pool.run('spin', null, { timeLimitMs: 300 }));
  for (const end of await Promise.allSettled(rests))
    expect(end).toMatchObject({ reason: { reason: 'late' } });
  for (const { pid } of await Promise.all([1, 2, 3].map(() => pool.run('echo', '', limits)))) pids.add(pid);
  await until('one child is left', async () => (await childrenOf(process.pid)) === 1);
});

test('a pool that closes fails its tasks as an outage, and leaves no child', async () => {
  const pool = startPool();
  const pid = await pidOf(pool);
  const ends = Promise.allSettled([pool.run('spin', null, limits), pool.run('echo', '', limits)]);
  await pool[Symbol.asyncDispose]();
  for (const end of await ends) expect(end).toMatchObject({ reason: { code: 'UNAVAILABLE' } });
  expect(await hasEnded(pid)).toBe(true);
  await expect(pool.run('echo', '', limits)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});

test('a tenant with many tasks keeps no other tenant’s task waiting: they take turns', async () => {
  const pool = startPool();
  const read: string[] = [];
  const run = async (tenantId: string): Promise<void> => {
    await pool.run('echo', '', { ...limits, tenantId });
    read.push(tenantId);
  };
  const flood = Array.from({ length: 20 }, () => run('flood'));
  await Promise.all([...flood, run('lone'), run('other')]);
  // One runs and one has its turn when the others come.
  expect(read.slice(0, 4).toSorted()).toEqual(['flood', 'flood', 'lone', 'other']);
});
