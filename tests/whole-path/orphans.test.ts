import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { sweepOrphans } from '@callbay/ingestion';
import { createFileReceiver } from '@callbay/postgres';
import { makeTenant, type RunningCallbay, startCallbay, until } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HOUR, trueClocks, withOlderBlobs } from './support.ts';

const DAY = 24 * HOUR;

let callbay: RunningCallbay;
beforeAll(async () => {
  callbay = await startCallbay({ isIdle: true });
});
afterAll(() => callbay[Symbol.asyncDispose]());

/** Bytes of a file whose row is not there yet. */
async function putBytes(tenantId: string): Promise<{ fileId: string; blobKey: string }> {
  const fileId = randomUUID();
  const path = join(callbay.spoolDir, fileId);
  await writeFile(path, 'acknowledged');
  return { fileId, blobKey: await callbay.blobs.put(tenantId, fileId, path) };
}

const commitRow = (tenantId: string, { fileId, blobKey }: { fileId: string; blobKey: string }) =>
  createFileReceiver(callbay.db).receiveFile(tenantId, {
    fileId,
    drop: 'sftp',
    name: 'a.wav',
    sizeBytes: 12,
    modifiedAt: new Date(),
    blobKey,
    sentBy: 'test',
  });

const isThere = async (tenantId: string, blobKey: string): Promise<boolean> =>
  (await callbay.blobs.size(tenantId, blobKey)) !== null;

test('bytes older than a day that no row refers to are removed', async () => {
  const tenantId = await makeTenant(callbay.db);
  const { blobKey } = await putBytes(tenantId);
  await sweepOrphans(withOlderBlobs(callbay.deps, DAY - HOUR), trueClocks());
  expect(await isThere(tenantId, blobKey)).toBe(true);
  await sweepOrphans(withOlderBlobs(callbay.deps, DAY), trueClocks());
  expect(await isThere(tenantId, blobKey)).toBe(false);
});

test('bytes younger than a day by any clock are not removed, whatever the others say', async () => {
  const tenantId = await makeTenant(callbay.db);
  const { blobKey } = await putBytes(tenantId);
  const { blobs, sweeps } = callbay.deps;
  const ahead = new Date(Date.now() + 8 * DAY);
  const aheadClocks = { ...trueClocks(), hostMs: ahead.getTime() };
  const aheadDatabase = { ...sweeps, readClock: async () => ahead };
  const aheadBlobs = { ...blobs, readClock: async () => ahead };
  await sweepOrphans(callbay.deps, aheadClocks);
  await sweepOrphans({ ...callbay.deps, blobs: aheadBlobs }, trueClocks());
  await sweepOrphans({ ...callbay.deps, sweeps: aheadDatabase }, aheadClocks);
  await sweepOrphans({ ...callbay.deps, sweeps: aheadDatabase, blobs: aheadBlobs }, trueClocks());
  expect(await isThere(tenantId, blobKey)).toBe(true);
});

test('an hourly sweep lists what came in the last days, and one in a day lists all', async () => {
  const asked: (number | null)[] = [];
  const { blobs, sweeps } = callbay.deps;
  const sweepAt = async (at: Date): Promise<void> => {
    const readClock = async (): Promise<Date> => at;
    const list: typeof blobs.list = (options) => {
      asked.push(options?.since === undefined ? null : at.getTime() - options.since.getTime());
      return blobs.list(options);
    };
    const deps = { ...callbay.deps, blobs: { ...blobs, list, readClock }, sweeps: { ...sweeps, readClock } };
    await sweepOrphans(deps, { ...trueClocks(), hostMs: at.getTime() });
  };
  for (let hour = 0; hour < 24; hour += 1) await sweepAt(new Date(Date.UTC(2026, 0, 1, hour, 30)));
  expect(asked).toHaveLength(24);
  expect(asked.filter((sinceMs) => sinceMs === null)).toHaveLength(1);
  expect(new Set(asked)).toEqual(new Set([null, 4 * DAY]));
});

/** Statements of this database that wait for a row's lock. */
async function countWaiting(): Promise<number> {
  const [row] = await callbay.db.query<{ count: number }>(
    `SELECT count(*) FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock' AND state = 'active'`,
  );
  return row?.count ?? 0;
}

test('a file that is being received while the sweep runs keeps its bytes', async () => {
  const tenantId = await makeTenant(callbay.db);
  const file = await putBytes(tenantId);
  const blocker = await callbay.db.pool.connect();
  try {
    await blocker.query('BEGIN');
    await blocker.query("SELECT FROM tenant_counters WHERE tenant_id = $1 AND name = 'receive' FOR UPDATE", [
      tenantId,
    ]);
    const receiving = commitRow(tenantId, file);
    await until('the receipt waits for its place', async () => (await countWaiting()) === 1);
    const sweeping = sweepOrphans(withOlderBlobs(callbay.deps, 2 * DAY), trueClocks());
    await until('the sweep waits behind it', async () => (await countWaiting()) === 2);
    await blocker.query('COMMIT');
    await receiving;
    await sweeping;
  } finally {
    blocker.release();
  }
  expect(await isThere(tenantId, file.blobKey)).toBe(true);
});

test('bytes of one tenant that cannot be removed keep no other tenant’s', async () => {
  const [poisoned, other] = [await makeTenant(callbay.db), await makeTenant(callbay.db)];
  await putBytes(poisoned);
  const { blobKey } = await putBytes(other);
  const deps = withOlderBlobs(callbay.deps, 2 * DAY);
  const named: unknown[] = [];
  const remove = (tenantId: string, key: string): Promise<void> =>
    tenantId === poisoned ? Promise.reject(new Error('poisoned')) : deps.blobs.remove(tenantId, key);
  const log = { ...deps.log, error: (fields: object) => named.push(fields) };
  await sweepOrphans({ ...deps, blobs: { ...deps.blobs, remove }, log }, trueClocks());
  expect(await isThere(other, blobKey)).toBe(false);
  expect(named).toMatchObject([{ tenantId: poisoned }]);
});

const fakeTime = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu']
  .map((folder) => join(folder, 'faketime/libfaketime.so.1'))
  .find((file) => existsSync(file));

test.skipIf(fakeTime === undefined)(
  'a pipeline whose clock is 8 days ahead removes no bytes of a file that is being received (skipped without libfaketime)',
  async () => {
    const tenantId = await makeTenant(callbay.db);
    const { blobKey } = await putBytes(tenantId);
    const script = join(import.meta.dirname, 'fixtures/sweep-orphans.ts');
    const child = spawn(process.execPath, [script, callbay.connectionString, callbay.blobs.root], {
      env: {
        PATH: process.env.PATH,
        LD_PRELOAD: fakeTime,
        FAKETIME: '+8d',
        FAKETIME_DONT_FAKE_MONOTONIC: '1',
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
    expect(code).toBe(0);
    const { hostMs } = JSON.parse(output) as { hostMs: number };
    expect(Math.round((hostMs - Date.now()) / DAY)).toBe(8);
    expect(await isThere(tenantId, blobKey)).toBe(true);
  },
);
