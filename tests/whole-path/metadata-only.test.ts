import { CallListQuery } from '@callbay/contracts';
import { DEFAULT_SETTINGS } from '@callbay/core';
import { sweepForgottenLinks, sweepLinks } from '@callbay/ingestion';
import {
  createCallReader,
  createExternalRecordingStore,
  createMatchStore,
  createReplayStore,
  createSweepStore,
  createTenantStore,
} from '@callbay/postgres';
import { makeWav, type RunningCallbay, startCallbay, type TestTenant } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { callsOf, codesOf, json } from './support.ts';

const BY = { name: 'tests', remoteAddress: null };
const settings = { ...DEFAULT_SETTINGS, sourcePrefixes: ['ringcentral_'] };

let callbay: RunningCallbay;
beforeAll(async () => {
  callbay = await startCallbay();
});
afterAll(() => callbay[Symbol.asyncDispose]());

/** Everything read, compared and decided. */
async function settle(): Promise<void> {
  await callbay.settle();
  for (let turn = 0; turn < 10 && (await sweepLinks(callbay.deps)) > 0; turn += 1) await callbay.settle();
  await callbay.settle();
}

type Fields = Record<string, string | number>;

/** A call at ten with ann, as its recorder knows it. */
const known = (change: Fields = {}): Fields => ({
  startedAt: '2026-03-02T10:00:20Z',
  user: 'ann@acme.test',
  phone: '+4930123456',
  direction: 'outbound',
  ...change,
});

const register = (tenant: TestTenant, id: string, fields: Fields = known(), source = 'ringcentral') =>
  createExternalRecordingStore(callbay.db).register(tenant.tenantId, [{ source, id, fields }], BY);

const matchesOf = async ({ tenantId }: TestTenant) =>
  (await createMatchStore(callbay.db).listMatches(tenantId, { limit: 50 })).items;

const metadata = (change: Record<string, string> = {}): string =>
  json({ email: 'ann@acme.test', phone: '+4930123456', ...change });

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
    'select call_id, call_key, media, media_blob_key from calls where tenant_id = $1 and call_id is not null order by 1',
    [tenant.tenantId],
  );
  expect(calls).toEqual([
    { call_id: 1, call_key: 'stem:BXyT30eVTWlZjUA', media: null, media_blob_key: null },
    { call_id: 2, call_key: 'stem:1620770399.1234', media: null, media_blob_key: null },
  ]);
});

test('what was compared of a record is forgotten once it has ended', async () => {
  await using tenant = await callbay.openTenant({ settings });
  await register(tenant, 'right');
  await tenant.client.put('export-17.json', metadata());
  await tenant.client.put('waits.json', metadata({ datetime: '2026-03-05T10:00:00Z' }));
  await settle();
  await sweepForgottenLinks(callbay.deps);
  const rows = await callbay.db.query(
    `select f.name from linkage_records l join files f on f.tenant_id = l.tenant_id and f.id = l.file_id
      where l.tenant_id = $1`,
    [tenant.tenantId],
  );
  expect(rows).toEqual([{ name: 'waits.json' }]);
});

test('a call says where its recording rests', async () => {
  await using tenant = await callbay.openTenant({ settings });
  await register(tenant, 'BXy', {});
  await tenant.client.put('BXy.json', json());
  await tenant.client.put('own.json', json());
  await tenant.client.put('own.wav', makeWav({ seconds: 1, seed: 1 }));
  await settle();
  const { items } = await createCallReader(callbay.db).listCalls(tenant.tenantId, CallListQuery.parse({}));
  const told = new Map(items.map((call) => [call.callKey, [call.media?.name, call.externalRecording]]));
  expect(told.get('stem:BXy')).toEqual([undefined, { source: 'ringcentral', id: 'BXy' }]);
  expect(told.get('stem:own')).toEqual(['own.wav', null]);
});

test('metadata that names no recording finds the one whose fields match, and both stories tell why', async () => {
  await using tenant = await callbay.openTenant({ settings });
  await register(tenant, 'right');
  await register(tenant, 'wrong', known({ user: 'bob@acme.test', phone: '+4989999999' }));
  await tenant.client.put('export-17.json', metadata());
  await settle();
  expect(await codesOf(callbay, tenant)).toEqual([
    'ringcentral_right SURFACED',
    'ringcentral_wrong NO_METADATA',
    'export-17.json SURFACED',
  ]);
  const [match] = await matchesOf(tenant);
  expect(match).toMatchObject({
    state: 'auto',
    record: { name: 'export-17.json' },
    recording: { id: 'right' },
  });
  expect(match!.contributions.map((c) => c.field)).toEqual(['startedAt', 'user', 'phone', 'direction']);
  const steps = await callbay.db.query<{ name: string; detail: { score: number } }>(
    `select f.name, s.detail from file_steps s join files f on f.tenant_id = s.tenant_id and f.id = s.file_id
      where s.tenant_id = $1 and s.step = 'linked' order by f.name`,
    [tenant.tenantId],
  );
  expect(steps.map((step) => [step.name, step.detail.score])).toEqual([
    ['export-17.json', match!.score],
    ['ringcentral_right', match!.score],
  ]);
});

test('metadata that came before anything was registered is linked all the same', async () => {
  await using tenant = await callbay.openTenant({ settings });
  await tenant.client.put('export-17.json', metadata());
  await settle();
  expect(await codesOf(callbay, tenant)).toEqual(['export-17.json NO_RECORDING']);
  await register(tenant, 'late');
  await settle();
  expect((await callsOf(callbay, tenant)).map((call) => call.call_key)).toEqual(['stem:late']);
});

test('case 32: two recordings that match equally well hold the metadata, and nothing is picked', async () => {
  await using tenant = await callbay.openTenant({ settings });
  await register(tenant, 'leg-a');
  await register(tenant, 'leg-b');
  await tenant.client.put('export-17.json', metadata());
  await settle();
  expect(await codesOf(callbay, tenant)).toEqual([
    'ringcentral_leg-a AMBIGUOUS_MATCH',
    'ringcentral_leg-b AMBIGUOUS_MATCH',
    'export-17.json AMBIGUOUS_MATCH',
  ]);
  expect(await callsOf(callbay, tenant)).toEqual([]);
  const matches = await matchesOf(tenant);
  expect(matches.map((m) => [m.state, m.isAmbiguous])).toEqual([
    ['proposed', true],
    ['proposed', true],
  ]);
  const [held] = await callbay.db.query<{ hold: { reasons: { matchIds: string[] }[] } }>(
    `select hold from calls where tenant_id = $1 and call_key = 'stem:export-17'`,
    [tenant.tenantId],
  );
  expect(held!.hold.reasons[0]!.matchIds).toEqual(matches.map(({ id }) => id).sort());
});

test('case 32: two records that match one recording equally well hold it, and nothing is picked', async () => {
  await using tenant = await callbay.openTenant({ settings });
  await tenant.client.put('row-1.json', metadata());
  await tenant.client.put('row-2.json', metadata());
  await register(tenant, 'one');
  await settle();
  expect(await codesOf(callbay, tenant)).toEqual([
    'row-1.json AMBIGUOUS_MATCH',
    'row-2.json AMBIGUOUS_MATCH',
    'ringcentral_one AMBIGUOUS_MATCH',
  ]);
});

test('a tie is settled by a refusal: what is left alone is linked by itself', async () => {
  await using tenant = await callbay.openTenant({ settings });
  await register(tenant, 'leg-a');
  await register(tenant, 'leg-b');
  await tenant.client.put('export-17.json', metadata());
  await settle();
  const wrong = (await matchesOf(tenant)).find((m) => m.recording.id === 'leg-b')!;
  await createMatchStore(callbay.db).refuseMatch(tenant.tenantId, wrong.id, BY);
  await settle();
  expect(await codesOf(callbay, tenant)).toEqual([
    'ringcentral_leg-a SURFACED',
    'ringcentral_leg-b NO_METADATA',
    'export-17.json SURFACED',
  ]);
});

test('a refused pair is never proposed again, not even to a later version of the file', async () => {
  const strict = { ...settings, linkage: { threshold: 90, margin: 4 } };
  await using tenant = await callbay.openTenant({ settings: strict });
  await register(tenant, 'leg-a');
  await tenant.client.put('export-17.json', metadata());
  await settle();
  const [proposed] = await matchesOf(tenant);
  await createMatchStore(callbay.db).refuseMatch(tenant.tenantId, proposed!.id, BY);
  await tenant.client.put('export-17.json', metadata({ note: 'again' }));
  await register(tenant, 'leg-a', known({ queue: 'sales' }));
  await settle();
  expect((await matchesOf(tenant)).map((m) => m.state)).toEqual(['refused']);
});

test('a replayed file keeps what a person accepted for it', async () => {
  const strict = { ...settings, linkage: { threshold: 90, margin: 4 } };
  await using tenant = await callbay.openTenant({ settings: strict });
  await register(tenant, 'leg-a');
  await tenant.client.put('export-17.json', metadata({ direction: '' }));
  await settle();
  const [proposed] = await matchesOf(tenant);
  await createMatchStore(callbay.db).acceptMatch(tenant.tenantId, proposed!.id, BY);
  await settle();
  expect(await codesOf(callbay, tenant)).toContain('export-17.json MISSING_REQUIRED');
  await createReplayStore(callbay.db).replayFile(tenant.tenantId, proposed!.record.fileId, BY);
  await callbay.deps.queue.enqueueClassify(tenant.tenantId, proposed!.record.fileId);
  await settle();
  expect(await codesOf(callbay, tenant)).toEqual([
    'ringcentral_leg-a MISSING_REQUIRED',
    'export-17.json MISSING_REQUIRED',
  ]);
  await tenant.client.put('export-17.json', metadata());
  await settle();
  expect(await callsOf(callbay, tenant)).toHaveLength(1);
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

test('an accepted match below the threshold is one call, and says who accepted it', async () => {
  const strict = { ...settings, linkage: { threshold: 90, margin: 4 } };
  await using tenant = await callbay.openTenant({ settings: strict });
  await register(tenant, 'leg-a');
  await tenant.client.put('export-17.json', metadata());
  await settle();
  expect(await codesOf(callbay, tenant)).toEqual([
    'ringcentral_leg-a NO_METADATA',
    'export-17.json NO_RECORDING',
  ]);
  const [proposed] = await matchesOf(tenant);
  expect(proposed).toMatchObject({ state: 'proposed', isAmbiguous: false });
  const accepted = await createMatchStore(callbay.db).acceptMatch(tenant.tenantId, proposed!.id, BY);
  expect(accepted).toMatchObject({ state: 'accepted', decidedBy: 'tests' });
  await settle();
  expect(await callsOf(callbay, tenant)).toHaveLength(1);
  await expect(
    createMatchStore(callbay.db).refuseMatch(tenant.tenantId, proposed!.id, BY),
  ).rejects.toMatchObject({ code: 'CONFLICT' });
});

test('a new version of linked metadata updates its call', async () => {
  await using tenant = await callbay.openTenant({ settings });
  await callbay.clock.set('2026-03-02T12:00:00Z');
  await register(tenant, 'leg-a');
  await tenant.client.put('export-17.json', metadata());
  await settle();
  await tenant.client.put('export-17.json', metadata({ note: 'corrected' }));
  await settle();
  expect(await codesOf(callbay, tenant)).toEqual([
    'ringcentral_leg-a SURFACED',
    'export-17.json SURFACED',
    'export-17.json UPDATED',
  ]);
  expect(await callsOf(callbay, tenant)).toMatchObject([
    { call_id: 1, revision: 2, fields: { note: 'corrected' } },
  ]);
  await callbay.clock.release();
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
  await sweeps.warnOfPurges(100);
  await sweeps.purgeFiles(100);
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

test.each([5, 7, 11])(
  'in any order of arrival, and by several sweeps at once, every pair is found once (stride %i)',
  async (stride) => {
    await using tenant = await callbay.openTenant({ settings });
    const arrivals = Array.from({ length: 24 }, (_, n) => {
      const minute = String(n % 12).padStart(2, '0');
      const user = `user${n}-${'abcdefghijklmnopqrstuvwxyz'[n]?.repeat(4)}@acme.test`;
      const phone = `+49301${String(n * 7_919).padStart(6, '0')}`;
      const startedAt = `2026-03-02T10:${minute}:30Z`;
      const fields = { startedAt, user, phone, direction: 'outbound' };
      const text = metadata({ datetime: `2026-03-02T10:${minute}:00Z`, email: user, phone });
      return [() => register(tenant, `id-${n}`, fields), () => tenant.client.put(`export-${n}.json`, text)];
    }).flat();
    // 48 arrivals, and a stride that has no factor in common with them.
    const order = arrivals.map((_, n) => arrivals[(n * stride) % arrivals.length]!);
    let isArriving = true;
    const sweeping = [1, 2, 3].map(async () => {
      while (isArriving) {
        await sweepLinks(callbay.deps);
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
    for (const arrive of order) await arrive();
    isArriving = false;
    await Promise.all(sweeping);
    await settle();
    const calls = await callbay.db.query<{ call_key: string; user_id: string }>(
      'select call_key, user_id from calls where tenant_id = $1 and call_id is not null',
      [tenant.tenantId],
    );
    expect(calls).toHaveLength(24);
    for (const { call_key, user_id } of calls) {
      expect(user_id).toContain(`user${call_key.slice('stem:id-'.length)}-`);
    }
    expect((await matchesOf(tenant)).map((match) => match.state)).toEqual(Array(24).fill('auto'));
  },
);

test('a tie that one of its rivals leaves by its own name is none any more', async () => {
  await using tenant = await callbay.openTenant({ settings });
  await register(tenant, 'leg-a');
  await register(tenant, 'leg-b');
  await tenant.client.put('export-17.json', metadata());
  await settle();
  expect((await codesOf(callbay, tenant))[2]).toBe('export-17.json AMBIGUOUS_MATCH');
  await tenant.client.put('leg-b.json', metadata({ email: 'zoe@acme.test' }));
  await settle();
  await sweepForgottenLinks(callbay.deps);
  await settle();
  expect(await codesOf(callbay, tenant)).toEqual([
    'ringcentral_leg-a SURFACED',
    'ringcentral_leg-b SURFACED',
    'export-17.json SURFACED',
    'leg-b.json SURFACED',
  ]);
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

test('a new zone or mapping compares again what no start could be read of', async () => {
  await using tenant = await callbay.openTenant({ settings, timeZone: null, stage: 'setup' });
  await register(tenant, 'one');
  await tenant.client.put('row-1.json', metadata({ datetime: '2026-03-02 05:00:00' }));
  await settle();
  expect(await matchesOf(tenant)).toEqual([]);
  const change = { timeZone: 'America/New_York' };
  await createTenantStore(callbay.db).updateTenant(tenant.tenantId, change, BY, { isConfirmed: true });
  await settle();
  await sweepForgottenLinks(callbay.deps);
  await settle();
  expect(await matchesOf(tenant)).toMatchObject([{ state: 'auto' }]);
});
