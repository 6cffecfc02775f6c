import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CallbayError } from '@callbay/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startFixture, statusOf } from './fixture.ts';

const FAILURE = 4;
let folder: string;
let isMounted = false;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'callbay-full-'));
  await mkdir(join(folder, 'spool'));
  isMounted =
    spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', join(folder, 'spool')]).status === 0;
});
afterAll(async () => {
  if (isMounted) spawnSync('umount', [join(folder, 'spool')]);
  await rm(folder, { recursive: true, force: true });
});

test('case 99: a disk that fills up fails the upload, keeps nothing of it, and others go on (needs the right to mount)', async (context) => {
  if (!isMounted) return context.skip('a tmpfs cannot be mounted here');
  await using drop = await startFixture({ spoolDir: join(folder, 'spool') });
  drop.addUser({ username: 'acme2-push', tenantId: 'acme2' });
  await using client = await drop.connect();
  await using other = await drop.connect({ username: 'acme2-push' });
  const handle = await client.open('99.wav', 'w');
  const writes = Array.from({ length: 8 }, (_, index) =>
    statusOf(client.write(handle, Buffer.alloc(2 ** 20), index * 2 ** 20)),
  );
  await Promise.all(writes);
  expect(await statusOf(client.close(handle))).toBe(FAILURE);
  expect(drop.drop.files).toEqual([]);
  expect(await drop.spooled()).toEqual([]);
  await other.put('fine.wav', 'fits');
  await client.put('99.wav', 'fits too');
  expect(await drop.contentOf('fine.wav')).toBe('fits');
  expect(await drop.contentOf('99.wav')).toBe('fits too');
});

test('case 99: where the blobs have no room CLOSE fails and nothing is received', async () => {
  let isFull = true;
  await using drop = await startFixture({
    wrapBlobs: (blobs) => ({
      ...blobs,
      put: (...args) => (isFull ? Promise.reject(new CallbayError('STORAGE_FULL')) : blobs.put(...args)),
    }),
  });
  await using client = await drop.connect();
  const put = client.put('99.wav', 'x');
  expect(await statusOf(put)).toBe(FAILURE);
  await expect(put).rejects.toThrow(/room/);
  expect(drop.drop.files).toEqual([]);
  expect(await drop.spooled()).toEqual([]);
  isFull = false;
  await client.put('99.wav', 'x');
  expect(drop.drop.files).toHaveLength(1);
});

test('case 99: a spool that cannot be written refuses OPEN and the server lives', async () => {
  const spoolDir = await mkdtemp(join(tmpdir(), 'callbay-broken-spool-'));
  await using drop = await startFixture({ spoolDir });
  await using client = await drop.connect();
  await rm(spoolDir, { recursive: true });
  await writeFile(spoolDir, 'in the way');
  expect(await statusOf(client.open('x.wav', 'w'))).toBe(FAILURE);
  await rm(spoolDir);
  await client.put('x.wav', 'x');
  expect(await drop.contentOf('x.wav')).toBe('x');
  await rm(spoolDir, { recursive: true, force: true });
});
