import type { NewMapping } from '@callbay/contracts';
import { COACH_MINIMUM } from '@callbay/core';
import {
  importCrm,
  readAlone,
  replayFile,
  sweepDataRetention,
  sweepExpiredRows,
  sweepForgottenLinks,
} from '@callbay/ingestion';
import { createMappingStore, createMatchStore, createReplayStore } from '@callbay/postgres';
import { makeWav, type RunningCallbay, startCallbay, type TestTenant } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { metadataOnly } from './metadata-only-support.ts';
import { callsOf, codesOf } from './support.ts';

const BY = { name: 'tests', remoteAddress: null };
const START = Date.parse('2026-03-02T11:00:00.000Z');

let callbay: RunningCallbay;
beforeAll(async () => {
  callbay = await startCallbay();
  await callbay.clock.set(new Date(START));
});
afterAll(() => callbay[Symbol.asyncDispose]());

const wav = (seed: number): Buffer => makeWav({ seconds: 1, seed });

async function put({ client }: TestTenant, files: Record<string, string | Buffer>): Promise<void> {
  for (const [name, bytes] of Object.entries(files)) await client.put(name, bytes);
  await callbay.settle();
}

/** Publishes the minimum with `user` under another source field. */
const publish = ({ tenantId }: TestTenant, source: string, more: NewMapping['fields'] = []) => {
  const fields = COACH_MINIMUM.fields.map((field) =>
    field.target === 'user' ? { ...field, source } : field,
  );
  const mapping = { ...structuredClone(COACH_MINIMUM), fields: [...fields, ...more] } as NewMapping;
  return createMappingStore(callbay.db).publishMapping(tenantId, 'call', mapping, null, BY);
};

async function replay({ tenantId }: TestTenant, name: string) {
  const { db, deps } = callbay;
  const [file] = await db.query<{ id: string }>('SELECT id FROM files WHERE tenant_id = $1 AND name = $2', [
    tenantId,
    name,
  ]);
  const replays = createReplayStore(db);
  return replayFile({ replays, queue: deps.queue }, { tenantId, fileId: file!.id, by: BY });
}

/** `line CODE` of every row the tenant sent in batches. */
async function rowsOf({ tenantId }: TestTenant): Promise<string[]> {
  const rows = await callbay.db.query<{ name: string; line: number; outcome_code: string | null }>(
    `SELECT f.name, r.line, r.outcome_code FROM call_records r
       JOIN files f ON f.tenant_id = r.tenant_id AND f.id = r.file_id
      WHERE r.tenant_id = $1 AND r.is_batch_row ORDER BY f.receive_seq, r.row`,
    [tenantId],
  );
  return rows.map((row) => `${row.name} ${row.line} ${row.outcome_code ?? 'none'}`);
}

const DRIFTED = `datetime,agent,direction,filename
2026-03-02T10:00:00Z,rep@acme.test,inbound,a.wav
2026-03-02T10:00:00Z,rep@acme.test,inbound,b.wav
`;

test('case 69: a batch refused for its header surfaces its rows when it is replayed under a new mapping', async () => {
  await using tenant = await callbay.openTenant();
  await put(tenant, { 'a.wav': wav(1), 'day.csv': DRIFTED });
  expect(await codesOf(callbay, tenant)).toEqual(['a.wav NO_METADATA', 'day.csv SCHEMA_DRIFT']);
  await publish(tenant, 'agent');
  expect(await replay(tenant, 'day.csv')).toBe('replayed');
  await callbay.settle();
  // A recording of the batch's own name has the facts of that name judged.
  await put(tenant, { 'day.wav': wav(2) });
  expect(await codesOf(callbay, tenant)).toEqual([
    'a.wav SURFACED',
    'day.csv BATCH_DONE',
    'day.wav NO_METADATA',
  ]);
  expect(await rowsOf(tenant)).toEqual(['day.csv 2 SURFACED', 'day.csv 3 NO_RECORDING']);
  expect((await callsOf(callbay, tenant)).map((call) => call.call_key)).toEqual(['stem:a']);
});

/** A batch of rows that name no recording: of x at ten, of all others in the night. */
const unnamed = (...emails: string[]): string =>
  [
    'datetime,email,direction,filename',
    ...emails.map((email) => `2026-03-02T${email.startsWith('x') ? '10' : '02'}:00:00Z,${email},inbound,`),
    '',
  ].join('\n');

test('case 31: rows without a recording wait on when another batch of the same name brings other ones', async () => {
  await using tenant = await callbay.openTenant();
  await put(tenant, { 'day.csv': unnamed('x@acme.test', 'y@acme.test') });
  await put(tenant, { 'day.csv': unnamed('z@acme.test', 'y@acme.test') });
  expect(await rowsOf(tenant)).toEqual([
    'day.csv 2 NO_RECORDING',
    'day.csv 3 SUPERSEDED',
    'day.csv 2 NO_RECORDING',
    'day.csv 3 NO_RECORDING',
  ]);
});

test('case 29: a row that names no recording is one when its batch says it twice, and later batches repeat it', async () => {
  await using tenant = await callbay.openTenant();
  await put(tenant, { 'day.csv': unnamed('x@acme.test', 'y@acme.test', 'x@acme.test') });
  expect(await rowsOf(tenant)).toEqual([
    'day.csv 2 NO_RECORDING',
    'day.csv 3 NO_RECORDING',
    'day.csv 4 DUPLICATE',
  ]);
  await put(tenant, { 'next.csv': unnamed('x@acme.test', 'z@acme.test') });
  expect(await rowsOf(tenant)).toEqual([
    'day.csv 2 SUPERSEDED',
    'day.csv 3 NO_RECORDING',
    'day.csv 4 DUPLICATE',
    'next.csv 2 NO_RECORDING',
    'next.csv 3 NO_RECORDING',
  ]);
});

test('a row linked by its fields says nothing new when a later batch repeats it', async () => {
  const { settle, register } = metadataOnly(() => callbay);
  await using tenant = await callbay.openTenant();
  await register(tenant, 'one', {
    startedAt: '2026-03-02T10:00:05Z',
    user: 'x@acme.test',
    direction: 'inbound',
  });
  await tenant.client.put('monday.csv', unnamed('y@acme.test', 'x@acme.test'));
  await settle();
  await tenant.client.put('tuesday.csv', unnamed('x@acme.test', 'z@acme.test'));
  await settle();
  expect(await rowsOf(tenant)).toEqual([
    'monday.csv 2 NO_RECORDING',
    'monday.csv 3 SURFACED',
    'tuesday.csv 2 UNCHANGED',
    'tuesday.csv 3 NO_RECORDING',
  ]);
});

test('the call of one row is deleted for good: the other rows stay, and the batch sent again brings it not back', async () => {
  const { settle, register } = metadataOnly(() => callbay);
  const days = { evaluatedDays: null, notEvaluatedDays: 30 };
  await using tenant = await callbay.openTenant({ settings: { dataRetention: days } });
  const row = (day: string, email: string, filename: string): string =>
    `2026-03-${day}T10:00:00Z,${email},inbound,${filename}\n`;
  const batch = [
    'datetime,email,direction,filename\n',
    row('02', 'p', 'a.wav'),
    row('09', 'q', 'b.wav'),
  ].join('');
  await register(tenant, 'one', { startedAt: '2026-03-02T10:00:05Z', user: 'r', direction: 'inbound' });
  await put(tenant, { 'a.wav': wav(1), 'b.wav': wav(2), 'day.csv': batch + row('02', 'r', '') });
  await settle();
  expect(await callsOf(callbay, tenant)).toHaveLength(3);
  await callbay.clock.set(new Date(START + 31 * 86_400_000));
  await sweepDataRetention(callbay.deps, { hostMs: Date.now(), wallElapsedMs: 0, monotonicElapsedMs: 0 });
  await settle();
  expect((await callsOf(callbay, tenant)).map((call) => call.call_key)).toEqual(['stem:b']);
  expect(await rowsOf(tenant)).toEqual(['day.csv 3 SURFACED']);
  const keys = 'SELECT call_key FROM calls WHERE tenant_id = $1';
  expect(await callbay.db.query(keys, [tenant.tenantId])).toEqual([{ call_key: 'stem:b' }]);
  await put(tenant, { 'day.csv': batch });
  expect(await rowsOf(tenant)).toEqual([
    'day.csv 3 SURFACED',
    'day.csv 2 CALL_DELETED',
    'day.csv 3 UNCHANGED',
  ]);
  await callbay.clock.set(new Date(START));
});

test('a linked row that waits for go live takes no new place each time its call is decided', async () => {
  const { settle, register } = metadataOnly(() => callbay);
  await using tenant = await callbay.openTenant({ stage: 'verification' });
  await register(tenant, 'one', {
    startedAt: '2026-03-02T10:00:05Z',
    user: 'x@acme.test',
    direction: 'inbound',
  });
  await put(tenant, { 'day.csv': unnamed('x@acme.test', 'y@acme.test') });
  await settle();
  expect(await rowsOf(tenant)).toEqual(['day.csv 2 READY', 'day.csv 3 NO_RECORDING']);
  const counter = () =>
    callbay.db.query(`SELECT value FROM tenant_counters WHERE tenant_id = $1 AND name = 'receive'`, [
      tenant.tenantId,
    ]);
  const before = await counter();
  await callbay.db.execute('UPDATE calls SET due_at = callbay_now() WHERE tenant_id = $1', [tenant.tenantId]);
  await settle();
  expect(await counter()).toEqual(before);
});

test('a tie of a row is told until a person settles it, and a refusal holds for the same row sent again', async () => {
  const { settle, register, matchesOf } = metadataOnly(() => callbay);
  await using tenant = await callbay.openTenant();
  const fields = { startedAt: '2026-03-02T10:00:05Z', user: 'x@acme.test', direction: 'inbound' };
  await register(tenant, 'leg-a', fields);
  await register(tenant, 'leg-b', fields);
  await put(tenant, { 'day.csv': unnamed('x@acme.test', 'y@acme.test') });
  await settle();
  expect(await rowsOf(tenant)).toEqual(['day.csv 2 AMBIGUOUS_MATCH', 'day.csv 3 NO_RECORDING']);
  await sweepForgottenLinks(callbay.deps);
  const compared = await callbay.db.query(
    `SELECT row, due_at IS NULL AS is_done, array_length(ambiguous_matches, 1) AS ties FROM linkage_records
      WHERE tenant_id = $1 ORDER BY row`,
    [tenant.tenantId],
  );
  expect(compared).toEqual([
    { row: 1, is_done: false, ties: 2 },
    { row: 2, is_done: true, ties: null },
  ]);
  await settle();
  await publish(tenant, 'email');
  expect(await sweepForgottenLinks(callbay.deps)).toBeGreaterThanOrEqual(2);
  await settle();
  const matches = createMatchStore(callbay.db);
  const wrong = (await matchesOf(tenant)).find((match) => match.recording.id === 'leg-b')!;
  await matches.refuseMatch(tenant.tenantId, wrong.id, BY);
  const right = (await matchesOf(tenant)).find((match) => match.recording.id === 'leg-a')!;
  await matches.refuseMatch(tenant.tenantId, right.id, BY);
  await settle();
  await put(tenant, { 'again.csv': unnamed('z@acme.test', 'x@acme.test') });
  await settle();
  expect(await rowsOf(tenant)).toEqual([
    'day.csv 2 SUPERSEDED',
    'day.csv 3 NO_RECORDING',
    'again.csv 2 NO_RECORDING',
    'again.csv 3 NO_RECORDING',
  ]);
});

test('however many rows found no recording, one sweep ends them all', async () => {
  await using tenant = await callbay.openTenant();
  const names = Array.from({ length: 1_100 }, (_, n) => `x${n}@acme.test`);
  await put(tenant, { 'day.csv': unnamed(...names) });
  await callbay.clock.set(new Date(START + 7 * 86_400_000));
  await sweepExpiredRows(callbay.deps);
  expect(new Set((await rowsOf(tenant)).map((row) => row.split(' ')[2]))).toEqual(
    new Set(['PURGED_UNPAIRED']),
  );
  await callbay.clock.set(new Date(START));
});

const CONTACTS = 'Id,FirstName\n003000000000001AAA,Ann\n';

test('case 79: rows of a batch that came with a CRM file wait for it, and go on without when it is removed', async () => {
  await using idle = await startCallbay({ isIdle: true });
  await idle.clock.set(new Date(START));
  const { tenantId, client } = await idle.openTenant();
  await client.put('a.wav', wav(1));
  await client.put('b.wav', wav(2));
  await client.put('day.csv', named('a.wav', 'b.wav', 'c.wav'));
  await client.put('contacts.csv', CONTACTS);
  const ids = await idle.db.query<{ id: string }>(
    'SELECT id FROM files WHERE tenant_id = $1 ORDER BY receive_seq',
    [tenantId],
  );
  for (const { id } of ids) await readAlone(idle.deps, { tenantId, fileId: id });
  expect(await rowsIn(idle, tenantId)).toEqual(['CRM_PENDING', 'CRM_PENDING', 'NO_RECORDING']);
  await client.remove('contacts.csv');
  await importCrm(idle.deps, { tenantId, type: 'contacts' });
  expect(await rowsIn(idle, tenantId)).toEqual(['SURFACED', 'SURFACED', 'NO_RECORDING']);
  await client[Symbol.asyncDispose]();
});

const named = (...names: string[]): string =>
  [
    'datetime,email,direction,filename',
    ...names.map((name) => `2026-03-02T10:00:00Z,x,inbound,${name}`),
    '',
  ].join('\n');

async function rowsIn({ db }: RunningCallbay, tenantId: string): Promise<string[]> {
  const rows = await db.query<{ outcome_code: string }>(
    'SELECT outcome_code FROM call_records WHERE tenant_id = $1 ORDER BY row',
    [tenantId],
  );
  return rows.map((row) => row.outcome_code);
}
