import { sweepOrphans, sweepPurges, sweepUnreadFiles } from '@callbay/ingestion';
import { createTenantStore } from '@callbay/postgres';
import {
  isRedisInstalled,
  makeWav,
  type RunningCallbay,
  startCallbay,
  startRedis,
  type TestTenant,
  until,
} from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { callsOf, codesOf, HOUR, json, trueClocks, withOlderBlobs } from './support.ts';

const DAY = 24 * HOUR;
const START = Date.parse('2026-03-02T11:00:00.000Z');

let callbay: RunningCallbay;
beforeAll(async () => {
  callbay = await startCallbay();
});
afterAll(() => callbay[Symbol.asyncDispose]());

const wav = (seed: number): Buffer => makeWav({ seconds: 1, seed });
const at = (ms: number): Promise<void> => callbay.clock.set(new Date(START + ms));

/** The purge as a sweep runs it: its guard compares true clocks, which tests do not move. */
async function purgeAt(ms: number): Promise<void> {
  await at(ms);
  const clocks = { hostMs: Date.now(), wallElapsedMs: 0, monotonicElapsedMs: 0 };
  for (let left = 1; left > 0; ) left = await sweepPurges(callbay.deps, clocks);
  await callbay.settle();
}

async function sendPair({ client }: TestTenant, ms: number): Promise<void> {
  await at(ms);
  await client.put('a.wav', wav(1));
  await client.put('a.json', json());
  await callbay.settle();
}

const hasBytes = async ({ tenantId }: TestTenant, name: string): Promise<boolean[]> => {
  const rows = await callbay.db.query<{ blob_key: string }>(
    'SELECT blob_key FROM files WHERE tenant_id = $1 AND name = $2 ORDER BY receive_seq',
    [tenantId, name],
  );
  return Promise.all(rows.map(async (row) => (await callbay.blobs.size(tenantId, row.blob_key)) !== null));
};

test('case 49, 51, 56: processed and rejected files leave 7 days after they arrived, and the call keeps its media', async () => {
  await using tenant = await callbay.openTenant();
  await sendPair(tenant, 0);
  await tenant.client.put('bad.json', '{');
  await callbay.settle();
  await purgeAt(7 * DAY - 1);
  expect(await tenant.client.list('/data/processed')).toEqual(['a.json', 'a.wav']);
  expect(await tenant.client.list('/data/rejected')).toEqual(['bad.json']);
  await purgeAt(7 * DAY);
  expect(await tenant.client.list('/data/processed')).toEqual([]);
  expect(await tenant.client.list('/data/rejected')).toEqual([]);
  expect(await hasBytes(tenant, 'a.wav')).toEqual([true]);
  expect(await hasBytes(tenant, 'a.json')).toEqual([false]);
  expect(await codesOf(callbay, tenant)).toEqual([
    'a.wav SURFACED',
    'a.json SURFACED',
    'bad.json METADATA_INVALID',
  ]);
});

test('case 50: what is still held after 7 days is purged unpaired, with a warning the day before', async () => {
  await using tenant = await callbay.openTenant();
  await at(0);
  await tenant.client.put('a.wav', wav(1));
  await callbay.settle();
  const warnings = () =>
    callbay.db.query(`SELECT 1 FROM file_steps WHERE tenant_id = $1 AND step = 'purge-warning'`, [
      tenant.tenantId,
    ]);
  await purgeAt(6 * DAY - 1);
  expect(await warnings()).toHaveLength(0);
  await purgeAt(6 * DAY);
  await purgeAt(6 * DAY + HOUR);
  expect(await warnings()).toHaveLength(1);
  await purgeAt(7 * DAY);
  expect(await codesOf(callbay, tenant)).toEqual(['a.wav PURGED_UNPAIRED']);
  expect(await hasBytes(tenant, 'a.wav')).toEqual([false]);
  await tenant.client.put('a.json', json());
  await callbay.settle();
  expect((await tenant.client.receipt('a.json')).outcome?.code).toBe('NO_RECORDING');
});

test('case 52: a file nobody has read when its time comes is skipped, then purged', async () => {
  await using idle = await startCallbay({ isIdle: true });
  await using tenant = await idle.openTenant();
  await idle.clock.set(new Date(START));
  await tenant.client.put('a.wav', wav(1));
  const clocks = { hostMs: Date.now(), wallElapsedMs: 0, monotonicElapsedMs: 0 };
  await idle.clock.set(new Date(START + 7 * DAY));
  expect(await sweepPurges(idle.deps, clocks)).toBe(0);
  await idle.clock.set(new Date(START + 8 * DAY));
  expect(await sweepPurges(idle.deps, clocks)).toBe(1);
  expect(await codesOf(idle, tenant)).toEqual(['a.wav PURGED_UNPAIRED']);
});

test('case 53: the same name sent again has a clock of its own', async () => {
  await using tenant = await callbay.openTenant();
  await at(0);
  await tenant.client.put('a.wav', wav(1));
  await callbay.settle();
  await at(6 * DAY);
  await tenant.client.put('a.wav', wav(1));
  await callbay.settle();
  await purgeAt(7 * DAY);
  expect(await codesOf(callbay, tenant)).toEqual(['a.wav PURGED_UNPAIRED', 'a.wav NO_METADATA']);
  await tenant.client.put('a.json', json());
  await callbay.settle();
  expect(await callsOf(callbay, tenant)).toHaveLength(1);
});

test('case 54: a name taken in processed gets a number, and nothing is overwritten', async () => {
  await using tenant = await callbay.openTenant();
  await sendPair(tenant, 0);
  await tenant.client.put('a.json', json({ stage: 'won' }));
  await tenant.client.put('a.wav', wav(1));
  await callbay.settle();
  expect(await tenant.client.list('/data/processed')).toEqual(['a.json', 'a.wav', 'a~2.json', 'a~2.wav']);
  expect((await tenant.client.get('/data/processed/a.json')).toString()).toBe(json());
  expect((await tenant.client.get('/data/processed/a~2.json')).toString()).toBe(json({ stage: 'won' }));
});

test('a file whose name another one is shown under gets a number, too', async () => {
  await using tenant = await callbay.openTenant();
  await sendPair(tenant, 0);
  await tenant.client.put('a.json', json({ stage: 'won' }));
  await callbay.settle();
  await tenant.client.put('a~2.json', json({ stage: 'lost' }));
  await tenant.client.put('a~2.wav', wav(2));
  await callbay.settle();
  expect(await tenant.client.list('/data/processed')).toEqual([
    'a.json',
    'a.wav',
    'a~2.json',
    'a~2.wav',
    'a~2~2.json',
  ]);
  expect((await tenant.client.get('/data/processed/a~2.json')).toString()).toBe(json({ stage: 'won' }));
  expect((await tenant.client.get('/data/processed/a~2~2.json')).toString()).toBe(json({ stage: 'lost' }));
});

test('case 55: bytes that a crash left behind are removed later, and nothing surfaces again', async () => {
  await using tenant = await callbay.openTenant();
  await sendPair(tenant, 0);
  const [row] = await callbay.db.query<{ blob_key: string }>(
    `UPDATE files SET purged_at = callbay_now() WHERE tenant_id = $1 AND name = 'a.json' RETURNING blob_key`,
    [tenant.tenantId],
  );
  expect(await hasBytes(tenant, 'a.json')).toEqual([true]);
  await sweepOrphans(withOlderBlobs(callbay.deps, 2 * DAY), trueClocks());
  expect(await callbay.blobs.size(tenant.tenantId, row!.blob_key)).toBeNull();
  expect(await hasBytes(tenant, 'a.wav')).toEqual([true]);
  expect(await callsOf(callbay, tenant)).toMatchObject([{ call_id: 1, revision: 1 }]);
});

test('case 59: a file removed before it takes part in a call is withdrawn', async () => {
  await using tenant = await callbay.openTenant();
  await at(0);
  await tenant.client.put('a.wav', wav(1));
  await callbay.settle();
  await tenant.client.remove('a.wav');
  await callbay.settle();
  expect(await codesOf(callbay, tenant)).toEqual(['a.wav WITHDRAWN']);
  await tenant.client.put('a.json', json());
  await callbay.settle();
  expect((await tenant.client.receipt('a.json')).outcome?.code).toBe('NO_RECORDING');
});

test('case 59: a file removed while its call waits for go live never surfaces', async () => {
  await using tenant = await callbay.openTenant({ stage: 'verification' });
  await at(0);
  await tenant.client.put('a.wav', wav(1));
  await tenant.client.put('a.json', json());
  await callbay.settle();
  expect(await codesOf(callbay, tenant)).toEqual(['a.wav READY', 'a.json READY']);
  await tenant.client.remove('a.wav');
  await callbay.settle();
  const by = { name: 'test', remoteAddress: null };
  await createTenantStore(callbay.db).goLive(tenant.tenantId, undefined, by);
  await callbay.settle();
  expect(await codesOf(callbay, tenant)).toEqual(['a.wav WITHDRAWN', 'a.json NO_RECORDING']);
  expect(await callsOf(callbay, tenant)).toEqual([]);
});

test('case 91, 92, 109: after CLOSE a path answers for a minute, folders are ours, and the root means data', async () => {
  await using tenant = await callbay.openTenant();
  const { client } = tenant;
  await at(0);
  await client.put('/a.wav', wav(1));
  await client.put('/a.json', json());
  await callbay.settle();
  expect(await client.list('/data')).toEqual(['processed', 'rejected']);
  expect((await client.stat('/data/a.wav')).size).toBe(wav(1).length);
  await at(61_000);
  await expect(client.stat('/data/a.wav')).rejects.toThrow();
  await client.put('a.json', json({ stage: 'again' }));
  await callbay.settle();
  expect((await client.receipt('a.json')).outcome?.code).toBe('UPDATED');
  await expect(
    new Promise((done, fail) =>
      client.sftp.mkdir('/data/sub', (error) => (error ? fail(error) : done(null))),
    ),
  ).rejects.toThrow(/director|folder/i);
});

test('case 108: one name sent by two sessions at once is whole twice, and the later close wins', async () => {
  await using tenant = await callbay.openTenant();
  await at(0);
  const { openSftp } = await import('@callbay/testkit');
  await using second = await openSftp(callbay.sftpPort, tenant.user);
  await Promise.all([tenant.client.put('a.wav', wav(1)), second.put('a.wav', wav(2))]);
  await tenant.client.put('a.json', json());
  await callbay.settle();
  expect((await codesOf(callbay, tenant)).sort()).toEqual([
    'a.json SURFACED',
    'a.wav SUPERSEDED',
    'a.wav SURFACED',
  ]);
  const [, last] = await callbay.db.query<{ outcome_code: string }>(
    `SELECT outcome_code FROM files WHERE tenant_id = $1 AND name = 'a.wav' ORDER BY receive_seq`,
    [tenant.tenantId],
  );
  expect(last?.outcome_code).toBe('SURFACED');
});

test('case 96: on Postgres, a queue that lost everything is made again', async () => {
  await using idle = await startCallbay({ isIdle: true });
  await using tenant = await idle.openTenant();
  await idle.clock.set(new Date(START));
  await tenant.client.put('a.wav', wav(1));
  await tenant.client.put('a.json', json());
  const tables = await idle.db.query<{ name: string }>(
    `SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'callbay_queue'`,
  );
  expect(tables.length).toBeGreaterThan(0);
  await idle.db.execute(`DELETE FROM ${tables.find((t) => t.name.includes('job'))!.name}`);
  await idle.clock.advance(11_000);
  expect(await sweepUnreadFiles(idle.deps)).toBe(1);
});

test.skipIf(!isRedisInstalled())(
  'case 96: on Redis, every job lost by a flush is made again (skipped without redis-server)',
  async () => {
    await using redis = await startRedis();
    await using flushed = await startCallbay({ redisUrl: redis.url, isIdle: true });
    await using tenant = await flushed.openTenant();
    await flushed.clock.set(new Date(START));
    await tenant.client.put('a.wav', wav(1));
    await tenant.client.put('a.json', json());
    const { Redis } = await import('ioredis');
    const client = new Redis(redis.url);
    await client.flushall();
    await client.quit();
    await flushed.clock.advance(11_000);
    expect(await sweepUnreadFiles(flushed.deps)).toBe(1);
    await flushed.startWorkers();
    await until('the call', async () => (await callsOf(flushed, tenant)).length === 1);
  },
);

test('case 58: uploads abandoned for 7 days are removed', async () => {
  await using tenant = await callbay.openTenant();
  await tenant.client.put('left.wav.part', wav(1));
  const { sweepPartials } = await import('@callbay/sources');
  const options = { spoolDir: callbay.spoolDir, olderThanMs: 7 * DAY };
  await sweepPartials({ ...options, nowMs: Date.now() + 7 * DAY - HOUR });
  expect(await tenant.client.list('/data')).toContain('left.wav.part');
  await sweepPartials({ ...options, nowMs: Date.now() + 7 * DAY + HOUR });
  expect(await tenant.client.list('/data')).not.toContain('left.wav.part');
});
