import { randomUUID } from 'node:crypto';
import { readAlone } from '@callbay/ingestion';
import { makeWav, type RunningCallbay, startCallbay, type TestTenant } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CALL_AT, callsOf, codesOf, HOUR, json } from './support.ts';

let callbay: RunningCallbay;
let idle: RunningCallbay;
beforeAll(async () => {
  [callbay, idle] = await Promise.all([startCallbay(), startCallbay({ isIdle: true })]);
});
afterAll(async () => {
  await callbay[Symbol.asyncDispose]();
  await idle[Symbol.asyncDispose]();
});

const at = (on: RunningCallbay, ms: number): Promise<void> => on.clock.set(new Date(CALL_AT + ms));

/** A pair received five minutes after the call began, and surfaced. */
async function sendPair(tenant: TestTenant, metadata = json()): Promise<void> {
  await at(callbay, HOUR / 12);
  await tenant.client.put('a.wav', makeWav({ seconds: 1, seed: 1 }));
  await tenant.client.put('a.json', metadata);
  await callbay.settle();
}

async function update(tenant: TestTenant, ms: number, metadata: string): Promise<string | undefined> {
  await at(callbay, ms);
  await tenant.client.put('a.json', metadata);
  await callbay.settle();
  return (await tenant.client.receipt('a.json')).outcome?.code;
}

/** Reads the n-th file that the tenant sent, as a worker would that gets to it now. */
async function work(on: RunningCallbay, { tenantId }: TestTenant, n: number): Promise<void> {
  const rows = await on.db.query<{ id: string }>(
    'SELECT id FROM files WHERE tenant_id = $1 ORDER BY receive_seq',
    [tenantId],
  );
  await readAlone(on.deps, { tenantId, fileId: rows[n]?.id ?? randomUUID() });
}

test('case 37, 56: metadata sent again changes the call and leaves its recording', async () => {
  await using tenant = await callbay.openTenant();
  await sendPair(tenant);
  const [before] = await callsOf(callbay, tenant);
  expect(await update(tenant, HOUR / 4, json({ stage: 'won' }))).toBe('UPDATED');
  const [after] = await callsOf(callbay, tenant);
  expect(after).toMatchObject({
    revision: 2,
    fields: { stage: 'won' },
    media_blob_key: before?.media_blob_key,
  });
});

test('case 38: an update is applied at exactly 48 h, and late one millisecond after', async () => {
  await using tenant = await callbay.openTenant();
  await sendPair(tenant);
  expect(await update(tenant, 48 * HOUR, json({ stage: '1' }))).toBe('UPDATED');
  expect(await update(tenant, 48 * HOUR + 1, json({ stage: '2' }))).toBe('LATE_UPDATE');
  expect((await callsOf(callbay, tenant))[0]).toMatchObject({ revision: 2, fields: { stage: '1' } });
});

test('case 39: an update received in time is applied however late it is worked', async () => {
  await using tenant = await idle.openTenant();
  await at(idle, HOUR);
  await tenant.client.put('a.wav', makeWav({ seconds: 1, seed: 1 }));
  await tenant.client.put('a.json', json());
  await at(idle, 47 * HOUR + 59 * 60_000);
  await tenant.client.put('a.json', json({ stage: 'won' }));
  await at(idle, 48 * HOUR + 20 * 60_000);
  for (const n of [0, 1, 2]) await work(idle, tenant, n);
  expect(await codesOf(idle, tenant)).toEqual(['a.wav SURFACED', 'a.json SURFACED', 'a.json UPDATED']);
});

test('case 59: a file that its call will take in is not removed before it is read, as it is not after', async () => {
  await using tenant = await idle.openTenant();
  await at(idle, HOUR);
  await tenant.client.put('a.wav', makeWav({ seconds: 1, seed: 1 }));
  await tenant.client.put('a.json', json());
  await expect(tenant.client.remove('a.json')).rejects.toThrow(/being read/);
  for (const n of [0, 1]) await work(idle, tenant, n);
  await tenant.client.put('a.json', json({ stage: 'won' }));
  await expect(tenant.client.remove('a.json')).rejects.toThrow(/being read/);
  await work(idle, tenant, 2);
  expect(await codesOf(idle, tenant)).toEqual(['a.wav SURFACED', 'a.json SURFACED', 'a.json UPDATED']);
});

test('case 59: a file that no call can take in yet is removed before it is read', async () => {
  await using tenant = await idle.openTenant();
  await at(idle, HOUR);
  await tenant.client.put('a.wav', makeWav({ seconds: 1, seed: 1 }));
  await tenant.client.remove('a.wav');
  await work(idle, tenant, 0);
  expect(await codesOf(idle, tenant)).toEqual(['a.wav WITHDRAWN']);
});

test('case 40: first metadata is never late, a second one is', async () => {
  await using tenant = await callbay.openTenant();
  await at(callbay, HOUR);
  await tenant.client.put('a.wav', makeWav({ seconds: 1, seed: 1 }));
  expect(await update(tenant, 60 * HOUR, json())).toBe('SURFACED');
  expect(await update(tenant, 61 * HOUR, json({ stage: 'won' }))).toBe('LATE_UPDATE');
});

test('case 41: an update of the call time changes the value and not the window', async () => {
  await using tenant = await callbay.openTenant();
  await sendPair(tenant);
  expect(await update(tenant, HOUR, json({ datetime: '2026-03-04T10:00:00Z' }))).toBe('UPDATED');
  expect(await update(tenant, 49 * HOUR, json({ stage: 'won' }))).toBe('LATE_UPDATE');
});

test('case 42: identical bytes make no revision and no event', async () => {
  await using tenant = await callbay.openTenant();
  await sendPair(tenant);
  expect(await update(tenant, HOUR, json())).toBe('UNCHANGED');
  const events = await callbay.db.query('SELECT 1 FROM outbox WHERE tenant_id = $1', [tenant.tenantId]);
  expect(events).toHaveLength(1);
});

test('case 43: of two updates worked out of order the later received wins', async () => {
  await using tenant = await idle.openTenant();
  await at(idle, HOUR);
  await tenant.client.put('a.wav', makeWav({ seconds: 1, seed: 1 }));
  await tenant.client.put('a.json', json());
  for (const n of [0, 1]) await work(idle, tenant, n);
  await tenant.client.put('a.json', json({ stage: 'older' }));
  await tenant.client.put('a.json', json({ stage: 'newer' }));
  for (const n of [3, 2]) await work(idle, tenant, n);
  expect(await codesOf(idle, tenant)).toEqual([
    'a.wav SURFACED',
    'a.json SURFACED',
    'a.json SUPERSEDED',
    'a.json UPDATED',
  ]);
  expect((await callsOf(idle, tenant))[0]?.fields.stage).toBe('newer');
});

test('case 44: an update that comes while the first version is in work ends as the state', async () => {
  await using tenant = await idle.openTenant();
  await at(idle, HOUR);
  await tenant.client.put('a.wav', makeWav({ seconds: 1, seed: 1 }));
  await tenant.client.put('a.json', json());
  await tenant.client.put('a.json', json({ stage: 'newest' }));
  await Promise.all([0, 1, 2].map((n) => work(idle, tenant, n)));
  await idle.settle();
  expect((await callsOf(idle, tenant))[0]).toMatchObject({ revision: 2, fields: { stage: 'newest' } });
});

test('case 45: an update that lacks a required field is rejected, and the previous stays', async () => {
  await using tenant = await callbay.openTenant();
  await sendPair(tenant);
  expect(await update(tenant, HOUR, json({ email: '' }))).toBe('METADATA_INVALID');
  expect((await callsOf(callbay, tenant))[0]).toMatchObject({ revision: 1, user_id: 'rep@acme.test' });
});

test('case 46: an update that omits a field clears it, or keeps it where the tenant merges', async () => {
  await using replacing = await callbay.openTenant();
  await sendPair(replacing, json({ stage: 'won' }));
  await update(replacing, HOUR, json({ amount: '5' }));
  expect((await callsOf(callbay, replacing))[0]?.fields).not.toHaveProperty('stage');
  await using merging = await callbay.openTenant({ settings: { updateMode: 'merge' } as never });
  await sendPair(merging, json({ stage: 'won' }));
  await update(merging, HOUR, json({ amount: '5' }));
  expect((await callsOf(callbay, merging))[0]?.fields).toMatchObject({ stage: 'won', amount: '5' });
});

test('case 48: an update that points the call at another contact reassigns it', async () => {
  await using tenant = await callbay.openTenant();
  await sendPair(tenant, json({ contact_id: '003A' }));
  expect(await update(tenant, HOUR, json({ contact_id: '003B' }))).toBe('UPDATED');
  expect((await callsOf(callbay, tenant))[0]?.fields.contact_id).toBe('003B');
});

test('case 97: work done again after a crash surfaces nothing twice and leaves the move done', async () => {
  await using tenant = await idle.openTenant();
  await at(idle, HOUR);
  await tenant.client.put('a.wav', makeWav({ seconds: 1, seed: 1 }));
  await tenant.client.put('a.json', json());
  for (const n of [0, 1, 0, 1]) await work(idle, tenant, n);
  expect(await callsOf(idle, tenant)).toMatchObject([{ call_id: 1, revision: 1 }]);
  expect(await tenant.client.list('/data/processed')).toEqual(['a.json', 'a.wav']);
});
