import { sweepForgottenLinks, sweepLinks } from '@callbay/ingestion';
import { createMatchStore, createReplayStore, createTenantStore } from '@callbay/postgres';
import { type RunningCallbay, startCallbay } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BY, known, metadata, metadataOnly, settings } from './metadata-only-support.ts';
import { callsOf, codesOf } from './support.ts';

let callbay: RunningCallbay;
beforeAll(async () => {
  callbay = await startCallbay();
});
afterAll(() => callbay[Symbol.asyncDispose]());

const { matchesOf, register, settle } = metadataOnly(() => callbay);

test('what was compared of a record is forgotten once it has ended', async () => {
  await using tenant = await callbay.openTenant({ settings });
  await register(tenant, 'right');
  await tenant.client.put('export-17.json', metadata());
  await tenant.client.put('waits.json', metadata({ datetime: '2026-03-05T10:00:00Z' }));
  await settle();
  await sweepForgottenLinks(callbay.deps);
  const rows = await callbay.db.query(
    `SELECT f.name FROM linkage_records l JOIN files f ON f.tenant_id = l.tenant_id AND f.id = l.file_id
      WHERE l.tenant_id = $1`,
    [tenant.tenantId],
  );
  expect(rows).toEqual([{ name: 'waits.json' }]);
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
    `SELECT f.name, s.detail FROM file_steps s JOIN files f ON f.tenant_id = s.tenant_id AND f.id = s.file_id
      WHERE s.tenant_id = $1 AND s.step = 'linked' ORDER BY f.name`,
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
    `SELECT hold FROM calls WHERE tenant_id = $1 AND call_key = 'stem:export-17'`,
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
  await callbay.deps.queue.wakeReaders(tenant.tenantId, 'group');
  await settle();
  expect(await codesOf(callbay, tenant)).toEqual([
    'ringcentral_leg-a MISSING_REQUIRED',
    'export-17.json MISSING_REQUIRED',
  ]);
  await tenant.client.put('export-17.json', metadata());
  await settle();
  expect(await callsOf(callbay, tenant)).toHaveLength(1);
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
      'SELECT call_key, user_id FROM calls WHERE tenant_id = $1 AND call_id IS NOT NULL',
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

test('rows of a batch that name no recording find theirs, before and after it is registered', async () => {
  await using tenant = await callbay.openTenant({ settings });
  await register(tenant, 'one');
  const rows = ['10:00:00Z,ann', '11:00:00Z,bob', '12:00:00Z,cem'];
  await tenant.client.put(
    'day.csv',
    `datetime,email,phone,direction,filename\n${rows
      .map((row) => `2026-03-02T${row}@acme.test,+4930123456,outbound,\n`)
      .join('')}`,
  );
  await settle();
  await register(tenant, 'two', known({ startedAt: '2026-03-02T11:00:09Z', user: 'bob@acme.test' }));
  await settle();
  const { rows: told } = (await tenant.client.receipt('day.csv')) as unknown as { rows: { code: string }[] };
  expect(told.map(({ code }) => code)).toEqual(['SURFACED', 'SURFACED', 'NO_RECORDING']);
  expect((await callsOf(callbay, tenant)).map(({ call_key }) => call_key)).toEqual(['stem:one', 'stem:two']);
});
