import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { acquireProcessLock, readLockOwner } from '../src/index.ts';
import { readStartTime } from '../src/process-lock.ts';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'callbay-lock-'));
  file = join(folder, 'lock');
});
afterEach(() => rm(folder, { recursive: true }));

test('of many at once exactly one gets the lock, and the others learn who has it', async () => {
  const all = await Promise.all(Array.from({ length: 20 }, () => acquireProcessLock(file)));
  const winners = all.filter((lock) => 'release' in lock);
  expect(winners).toHaveLength(1);
  const loser = all.find((lock) => 'heldBy' in lock);
  expect(loser && 'heldBy' in loser && loser.heldBy.pid).toBe(process.pid);
});

test('a released lock is free again, and releasing twice harms no later holder', async () => {
  const first = await acquireProcessLock(file);
  if (!('release' in first)) throw new Error('not locked');
  await first.release();
  const second = await acquireProcessLock(file);
  await first.release();
  expect('release' in second).toBe(true);
  expect((await readLockOwner(file))?.pid).toBe(process.pid);
});

test('the lock of a dead process is taken over', async () => {
  await writeFile(file, JSON.stringify({ pid: 2 ** 22 + 1, host: hostname(), startedAt: 'x:1' }));
  expect(await readLockOwner(file)).toBeNull();
  expect('release' in (await acquireProcessLock(file))).toBe(true);
});

test('a living stranger who got the number of the dead holder does not keep the lock', async () => {
  await writeFile(file, JSON.stringify({ pid: process.pid, host: hostname(), startedAt: 'another-boot:1' }));
  expect('release' in (await acquireProcessLock(file))).toBe(true);
});

test('a damaged lock file is nobody’s', async () => {
  await writeFile(file, '{"pid":');
  expect('release' in (await acquireProcessLock(file))).toBe(true);
  expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({
    pid: process.pid,
    startedAt: await readStartTime(process.pid),
  });
});
