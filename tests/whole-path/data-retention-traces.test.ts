import type { NewMapping } from '@callbay/contracts';
import { COACH_MINIMUM } from '@callbay/core';
import { storeAnalysis, sweepDataRetention } from '@callbay/ingestion';
import { createAnalysisStore, createMappingStore } from '@callbay/postgres';
import { makeWav, type RunningCallbay, startCallbay, type TestTenant } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BY, known, metadata, metadataOnly, settings } from './metadata-only-support.ts';
import { CALL_AT, callsOf, codesOf, HOUR, json } from './support.ts';
import { tablesWith } from './tables-with.ts';

const DAY = 24 * HOUR;
const DAYS = { evaluatedDays: null, notEvaluatedDays: 1 };

let callbay: RunningCallbay;
beforeAll(async () => {
  callbay = await startCallbay();
});
afterAll(() => callbay[Symbol.asyncDispose]());

const { matchesOf, register, settle } = metadataOnly(() => callbay);
const at = (ms: number): Promise<void> => callbay.clock.set(new Date(CALL_AT + ms));
const open = (): Promise<TestTenant> =>
  callbay.openTenant({ settings: { ...settings, dataRetention: DAYS } });
const clocks = () => ({ hostMs: Date.now(), wallElapsedMs: 0, monotonicElapsedMs: 0 });

async function sweepAt(ms: number): Promise<number> {
  await at(ms);
  const deleted = await sweepDataRetention(callbay.deps, clocks());
  await settle();
  return deleted;
}

test('a linked call leaves nothing of its recording, its match and any version of its metadata', async () => {
  await using tenant = await open();
  await at(HOUR);
  await tenant.client.put('secret-17.json', metadata({ email: 'secret@acme.test', note: 'a secret draft' }));
  await settle();
  await register(tenant, 'leg-secret', known({ user: 'secret@acme.test' }));
  await settle();
  expect(await callsOf(callbay, tenant)).toHaveLength(1);
  await tenant.client.put('secret-17.json', metadata({ email: 'secret@acme.test', note: 'a secret note' }));
  await settle();
  expect(await matchesOf(tenant)).toHaveLength(1);
  const before = await tablesWith(callbay, 'secret', tenant.tenantId);
  expect(before).toEqual(expect.arrayContaining(['public.call_records', 'public.external_recordings']));
  expect(await sweepAt(DAY + 1)).toBe(1);
  expect(await tablesWith(callbay, 'secret', tenant.tenantId)).toEqual([]);
  for (const table of ['matches', 'external_recordings', 'linkage_records', 'call_records', 'files']) {
    const rows = await callbay.db.query(`SELECT * FROM ${table} WHERE tenant_id = $1`, [tenant.tenantId]);
    expect([table, rows]).toEqual([table, []]);
  }
});

test('a recording registered again for a deleted call is refused, told of for a week, and then gone', async () => {
  await using tenant = await open();
  await at(HOUR);
  await register(tenant, 'secret', known());
  await tenant.client.put('secret.json', json());
  await settle();
  expect(await callsOf(callbay, tenant)).toHaveLength(1);
  expect(await sweepAt(DAY + 1)).toBe(1);
  await register(tenant, 'secret', known());
  await settle();
  expect(await codesOf(callbay, tenant)).toEqual(['ringcentral_secret CALL_DELETED']);
  await sweepAt(8 * DAY - HOUR);
  expect(await codesOf(callbay, tenant)).toHaveLength(1);
  await sweepAt(8 * DAY + HOUR);
  expect(await codesOf(callbay, tenant)).toEqual([]);
  expect(await tablesWith(callbay, 'secret', tenant.tenantId)).toEqual([]);
});

test('metadata that named no recording before it named one is deleted with the call', async () => {
  await using tenant = await open();
  await at(HOUR);
  await tenant.client.put('secret-row.json', json({ note: 'a secret draft' }));
  await tenant.client.put('call.wav', makeWav({ seconds: 1, seed: 1 }));
  await tenant.client.put('secret-row.json', json({ note: 'a secret note', filename: 'call.wav' }));
  await settle();
  expect(await codesOf(callbay, tenant)).toEqual([
    'secret-row.json SUPERSEDED',
    'call.wav SURFACED',
    'secret-row.json SURFACED',
  ]);
  expect(await sweepAt(DAY + 1)).toBe(1);
  expect(await tablesWith(callbay, 'secret', tenant.tenantId)).toEqual([]);
});

const MANY = { ...structuredClone(COACH_MINIMUM), options: { manyRecords: true } } as NewMapping;

test('a row of a batch goes with its copies, its match and the story of it; other rows stay', async () => {
  await using tenant = await open();
  await at(HOUR);
  await createMappingStore(callbay.db).publishMapping(tenant.tenantId, 'call', MANY, null, BY);
  const row = (change: Record<string, string>) => JSON.parse(metadata(change));
  await tenant.client.put('named.wav', makeWav({ seconds: 1, seed: 1 }));
  const secret = row({ note: 'a secret row', filename: 'named.wav' });
  await tenant.client.put(
    'day.json',
    JSON.stringify([
      secret,
      secret,
      row({ email: 'secret@acme.test', phone: '+4930999999' }),
      row({ datetime: '2026-03-02T23:00:00Z', note: 'another' }),
    ]),
  );
  await settle();
  await register(tenant, 'leg-a', known({ user: 'secret@acme.test', phone: '+4930999999' }));
  await settle();
  expect(await callsOf(callbay, tenant)).toHaveLength(2);
  const [other] = await register(tenant, 'leg-b', known({ startedAt: '2026-03-02T15:00:00Z' }));
  await callbay.db.execute(
    `INSERT INTO matches (tenant_id, id, record_file_id, record_row, recording_file_id, score, contributions, state, proposed_at)
     SELECT tenant_id, gen_random_uuid(), record_file_id, record_row, $2, 1, '[]', 'refused', callbay_now()
       FROM matches WHERE tenant_id = $1`,
    [tenant.tenantId, other!.recording.fileId],
  );
  expect(await matchesOf(tenant)).toHaveLength(2);
  expect(await sweepAt(DAY + 1)).toBe(2);
  expect(await tablesWith(callbay, 'secret', tenant.tenantId)).toEqual([]);
  expect(await tablesWith(callbay, '4930999999', tenant.tenantId)).toEqual([]);
  expect(await matchesOf(tenant)).toEqual([]);
  expect(
    await callbay.db.query(`SELECT 1 FROM file_steps WHERE tenant_id = $1 AND step = 'linked'`, [
      tenant.tenantId,
    ]),
  ).toEqual([]);
  expect(
    await callbay.db.query('SELECT row FROM call_records WHERE tenant_id = $1', [tenant.tenantId]),
  ).toEqual([{ row: 4 }]);
});

test('alerts, digests and daily reconciliations keep their counts and lose the names of its files', async () => {
  await using tenant = await open();
  const { db } = callbay;
  const { tenantId } = tenant;
  await at(HOUR);
  await tenant.client.put('secret.wav', makeWav({ seconds: 1, seed: 1 }));
  await tenant.client.put('other.wav', makeWav({ seconds: 1, seed: 2 }));
  await tenant.client.put('secret.json', json());
  await settle();
  const example = `(select jsonb_agg(jsonb_build_object('fileId', id, 'name', name) order by receive_seq) from files
                     where tenant_id = $1 and name like '%.wav')`;
  const alert = `jsonb_build_object('kind', 'HELD_OVER_HOUR', 'count', 2, 'examples', ${example})`;
  await db.execute(
    `INSERT INTO alerts (tenant_id, id, kind, subject, message, fix, count, examples, opened_at, updated_at)
     SELECT $1, gen_random_uuid(), 'HELD_OVER_HOUR', 'held', '', '', 2, ${example}, callbay_now(), callbay_now()`,
    [tenantId],
  );
  await db.execute(
    `INSERT INTO daily_reconciliations (tenant_id, day, time_zone, counts, unaccounted, examples, stored_at, checked_at)
     SELECT $1, '2026-03-01', 'UTC', '{}', 2, ${example}, callbay_now(), callbay_now()`,
    [tenantId],
  );
  await db.execute(
    `INSERT INTO alert_digests (tenant_id, id, at, digest)
     SELECT $1, gen_random_uuid(), callbay_now(), jsonb_build_object(
              'openCount', 1, 'opened', jsonb_build_array(${alert}), 'resolved', jsonb_build_array(${alert}))`,
    [tenantId],
  );
  expect(await sweepAt(DAY + 1)).toBe(1);
  expect(await tablesWith(callbay, 'secret', tenantId)).toEqual([]);
  const left = [{ fileId: expect.any(String), name: 'other.wav' }];
  const told = { kind: 'HELD_OVER_HOUR', count: 2, examples: left };
  expect(await db.query('SELECT count, examples FROM alerts WHERE tenant_id = $1', [tenantId])).toEqual([
    { count: 2, examples: left },
  ]);
  expect(
    await db.query('SELECT unaccounted, examples FROM daily_reconciliations WHERE tenant_id = $1', [
      tenantId,
    ]),
  ).toEqual([{ unaccounted: 2, examples: left }]);
  expect(await db.query('SELECT digest FROM alert_digests WHERE tenant_id = $1', [tenantId])).toEqual([
    { digest: { openCount: 1, opened: [told], resolved: [told] } },
  ]);
});

test('its replays and what it referred to in the CRM are gone with it', async () => {
  await using tenant = await open();
  const { db } = callbay;
  await at(HOUR);
  await tenant.client.put('secret.wav', makeWav({ seconds: 1, seed: 1 }));
  await tenant.client.put('secret.json', json());
  await settle();
  await db.execute(
    `INSERT INTO call_replays (tenant_id, call_key, policy_version, seq, at)
     SELECT tenant_id, call_key, 1, 99, callbay_now() FROM calls WHERE tenant_id = $1`,
    [tenant.tenantId],
  );
  await db.execute(
    `INSERT INTO crm_call_references (tenant_id, call_key, field, to_type, to_id)
     SELECT tenant_id, call_key, 'contactId', 'contacts', 'secret-contact' FROM calls WHERE tenant_id = $1`,
    [tenant.tenantId],
  );
  expect(await sweepAt(DAY + 1)).toBe(1);
  expect(await tablesWith(callbay, 'secret', tenant.tenantId)).toEqual([]);
});

test('its analysis, the words of it and the event of it are gone with it', async () => {
  await using tenant = await open();
  const { db } = callbay;
  await at(HOUR);
  await tenant.client.put('secret.wav', makeWav({ seconds: 1, seed: 1 }));
  await tenant.client.put('secret.json', json());
  await settle();
  const [call] = await callsOf(callbay, tenant);
  const Transcripts = [{ Channel: 1, Text: 'a secret word', StartTime: 0, EndTime: 900 }];
  const analysis = { Transcripts, AiInsights: { topic: 'secret' } };
  const stored = await storeAnalysis(
    { analyses: createAnalysisStore(db) },
    { tenantId: tenant.tenantId, callId: call!.call_id, analysis, warnings: [] },
    { name: 'tests', remoteAddress: null },
  );
  expect(stored).toMatchObject({ stored: { version: 1 } });
  const found = await tablesWith(callbay, 'secret', tenant.tenantId);
  expect(found).toEqual(expect.arrayContaining(['public.call_analyses', 'public.calls', 'public.outbox']));
  expect(await sweepAt(DAY + 1)).toBe(1);
  expect(await tablesWith(callbay, 'secret', tenant.tenantId)).toEqual([]);
});
