import { CallListQuery } from '@callbay/contracts';
import { createCallReader, createSweepStore, createTenantStore } from '@callbay/postgres';
import { makeWav, type RunningCallbay, startCallbay } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BY, known, metadata, metadataOnly, settings } from './metadata-only-support.ts';
import { callsOf, codesOf, json } from './support.ts';

let callbay: RunningCallbay;
beforeAll(async () => {
  callbay = await startCallbay();
});
afterAll(() => callbay[Symbol.asyncDispose]());

const { matchesOf, register, settle } = metadataOnly(() => callbay);

test('case 12: a recording and metadata pair through the configured source prefix, in either order', async () => {
  await using tenant = await callbay.openTenant({ settings });
  const { client } = tenant;
  await client.put('ringcentral_BXyT30eVTWlZjUA.wav', makeWav({ seconds: 1, seed: 1 }));
  await client.put('BXyT30eVTWlZjUA.json', json());
  await client.put('CXyT30eVTWlZjUB.json', json());
  await client.put('ringcentral_CXyT30eVTWlZjUB.wav', makeWav({ seconds: 1, seed: 2 }));
  await settle();
  expect((await callsOf(callbay, tenant)).map((call) => call.call_key).sort()).toEqual([
    'stem:BXyT30eVTWlZjUA',
    'stem:CXyT30eVTWlZjUB',
  ]);
});

test('case 12: a file name field may name the recording with its prefix or without', async () => {
  await using tenant = await callbay.openTenant({ settings });
  const { client } = tenant;
  for (const [n, filename] of ['ringcentral_one.wav', 'two.wav'].entries()) {
    await client.put(`ringcentral_${['one', 'two'][n]}.wav`, makeWav({ seconds: 1, seed: n }));
    await client.put(`row-${n}.json`, json({ filename }));
  }
  await settle();
  expect((await callsOf(callbay, tenant)).map((call) => call.call_key).sort()).toEqual([
    'stem:one',
    'stem:two',
  ]);
});

test('case 12: metadata finds an external recording by its id, whichever comes first, and has no media', async () => {
  await using tenant = await callbay.openTenant({ settings });
  const { client } = tenant;
  await register(tenant, 'BXyT30eVTWlZjUA', {});
  await client.put('BXyT30eVTWlZjUA.json', json());
  await client.put('1620770399.1234.json', json());
  await settle();
  await register(tenant, '1620770399.1234', {});
  await settle();
  const calls = await callbay.db.query(
    'SELECT call_id, call_key, media, media_blob_key FROM calls WHERE tenant_id = $1 AND call_id IS NOT NULL ORDER BY 1',
    [tenant.tenantId],
  );
  expect(calls).toEqual([
    { call_id: 1, call_key: 'stem:BXyT30eVTWlZjUA', media: null, media_blob_key: null },
    { call_id: 2, call_key: 'stem:1620770399.1234', media: null, media_blob_key: null },
  ]);
});

test('a call says where its recording rests', async () => {
  await using tenant = await callbay.openTenant({ settings });
  await register(tenant, 'BXy', {});
  await tenant.client.put('BXy.json', json());
  await tenant.client.put('own.json', json());
  await tenant.client.put('own.wav', makeWav({ seconds: 1, seed: 1 }));
  await settle();
  const { items } = await createCallReader(callbay.db).listCalls(tenant.tenantId, {
    ...CallListQuery.parse({}),
    fields: [],
  });
  const told = new Map(items.map((call) => [call.callKey, [call.media?.name, call.externalRecording]]));
  expect(told.get('stem:BXy')).toEqual([undefined, { source: 'ringcentral', id: 'BXy' }]);
  expect(told.get('stem:own')).toEqual(['own.wav', null]);
});

test('case 12: a prefix that is configured later counts once the recording is registered again', async () => {
  await using tenant = await callbay.openTenant();
  await register(tenant, 'BXyT30eVTWlZjUA', {});
  await tenant.client.put('BXyT30eVTWlZjUA.json', json());
  await settle();
  const change = { settings: { sourcePrefixes: ['ringcentral_'] } };
  await createTenantStore(callbay.db).updateTenant(tenant.tenantId, change, BY, { isConfirmed: true });
  await register(tenant, 'BXyT30eVTWlZjUA', {});
  await settle();
  expect((await callsOf(callbay, tenant)).map((call) => call.call_key)).toEqual(['stem:BXyT30eVTWlZjUA']);
});

test('registering the same again changes nothing, and changed fields are compared anew', async () => {
  await using tenant = await callbay.openTenant({ settings });
  const [first] = await register(tenant, 'leg-a', known({ startedAt: '2026-03-02T22:00:00Z' }));
  await tenant.client.put('export-17.json', metadata());
  await settle();
  const [again] = await register(tenant, 'leg-a', known({ startedAt: '2026-03-02T22:00:00Z' }));
  expect([first!.isNew, again!.isNew]).toEqual([true, false]);
  expect(again!.recording.updatedAt).toBe(first!.recording.updatedAt);
  await settle();
  expect(await callsOf(callbay, tenant)).toEqual([]);
  await register(tenant, 'leg-a', known());
  await settle();
  expect(await callsOf(callbay, tenant)).toHaveLength(1);
});

test('external recordings show in no drop and are never purged with it', async () => {
  await using tenant = await callbay.openTenant({ settings });
  await callbay.clock.set('2026-03-02T12:00:00Z');
  await register(tenant, 'leg-a');
  await settle();
  expect((await tenant.client.list('/data')).sort()).toEqual(['processed', 'rejected']);
  expect(await tenant.client.list('/receipts')).toEqual([]);
  const holds = await createCallReader(callbay.db).listHolds(tenant.tenantId, { limit: 50 });
  expect(holds.items).toMatchObject([{ callKey: 'stem:leg-a', until: null }]);
  await callbay.clock.advance(9 * 86_400_000);
  const sweeps = createSweepStore(callbay.db);
  expect(await sweeps.warnOfPurges(tenant.tenantId, 100)).toBe(0);
  expect(await sweeps.findExpiredFiles(100)).toEqual([]);
  expect(await codesOf(callbay, tenant)).toEqual(['ringcentral_leg-a NO_METADATA']);
  await callbay.clock.release();
});

test('case 34: the records and recordings of two tenants are never compared', async () => {
  await using tenant = await callbay.openTenant({ settings });
  await using other = await callbay.openTenant({ settings });
  await register(other, 'leg-a');
  await tenant.client.put('export-17.json', metadata());
  await settle();
  expect(await codesOf(callbay, tenant)).toEqual(['export-17.json NO_RECORDING']);
  expect(await matchesOf(other)).toEqual([]);
});

test('what the customer removes is compared no longer', async () => {
  await using tenant = await callbay.openTenant({ settings });
  await tenant.client.put('row-1.json', metadata());
  await tenant.client.put('row-2.json', metadata());
  await settle();
  await tenant.client.remove('row-2.json');
  await register(tenant, 'one');
  await settle();
  expect(await codesOf(callbay, tenant)).toEqual([
    'row-1.json SURFACED',
    'row-2.json WITHDRAWN',
    'ringcentral_one SURFACED',
  ]);
});

test('a tenant in verification links and surfaces nothing until it goes live', async () => {
  await using tenant = await callbay.openTenant({ settings, stage: 'verification' });
  await register(tenant, 'one');
  await tenant.client.put('row-1.json', metadata());
  await settle();
  expect(await codesOf(callbay, tenant)).toEqual(['ringcentral_one READY', 'row-1.json READY']);
  expect(await callsOf(callbay, tenant)).toEqual([]);
});
