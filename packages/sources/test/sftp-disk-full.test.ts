import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDiskBlobStore } from '@callbay/blobs';
import { CallbayError } from '@callbay/core';
import { createStorageRoom } from '@callbay/ingestion';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startFixture, statusOf, until } from './fixture.ts';

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

test('a disk below its floor refuses uploads, also those under way, until there is room again (needs the right to mount)', async (context) => {
  if (!isMounted) return context.skip('a tmpfs cannot be mounted here');
  const spoolDir = join(folder, 'spool');
  const ballast = join(spoolDir, 'ballast');
  const room = createStorageRoom({
    blobs: createDiskBlobStore({ root: spoolDir }),
    log: { warn: () => {} },
    floorBytes: 2 ** 20,
  });
  await using drop = await startFixture({ spoolDir, room });
  await using client = await drop.connect();
  const handle = await client.open('under-way.wav', 'w');
  await client.write(handle, Buffer.alloc(1000), 0);
  await writeFile(ballast, Buffer.alloc(3.5 * 2 ** 20));
  await until(async () => (await statusOf(client.write(handle, Buffer.alloc(1), 0))) === FAILURE);
  const refused = client.open('new.wav', 'w');
  await expect(refused).rejects.toThrow(/no room left/);
  expect(await statusOf(refused)).toBe(FAILURE);
  expect(await statusOf(client.close(handle))).toBe(FAILURE);
  expect(drop.drop.files).toEqual([]);
  expect(drop.errors).toEqual([]);
  await rm(ballast);
  await until(async () => (await statusOf(client.put('again.wav', 'x'))) === 'no error');
  expect(await drop.contentOf('again.wav')).toBe('x');
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
