import { sweepAlerts, sweepReconciliations } from '@callbay/ingestion';
import { createAlertStore, createReconciliationStore } from '@callbay/postgres';
import { type TestClock, testClock } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeFile, startApi, type TestApi } from './support.ts';

const START = Date.parse('2026-03-02T10:00:00.000Z');
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let api: TestApi;
let clock: TestClock;
let count = 0;

beforeAll(async () => {
  api = await startApi();
  clock = await testClock(api.db);
});

afterAll(() => api[Symbol.asyncDispose]());

const at = (ms: number): Promise<void> => clock.set(new Date(START + ms));

async function newTenant(): Promise<string> {
  const id = `rows-${++count}`;
  await at(0);
  await api.ask('POST /v1/tenants', { body: { id, name: id, timeZone: 'UTC', stage: 'verification' } });
  return id;
}

/** A batch that was read, so many of its rows in each state and with each code; `NONE` has no outcome yet. */
async function makeBatch(tenantId: string, name: string, rows: Record<string, number>): Promise<string> {
  const fileId = await makeFile(api.db, tenantId, { name, kind: 'batch', state: 'done', code: 'BATCH_DONE' });
  let first = 1;
  for (const [story, many] of Object.entries(rows)) {
    const [state, code] = story.split(' ');
    await api.db.execute(
      `INSERT INTO call_records (tenant_id, file_id, row, line, stem, raw, is_batch_row, state, outcome_code)
       SELECT $1, $2, n, n + 1, $3 || '/' || n, '{}', TRUE, $4, nullif($5, 'NONE')
         FROM generate_series($6::int, $7::int) AS n`,
      [tenantId, fileId, name, state, code, first, first + many - 1],
    );
    first += many;
  }
  return fileId;
}

interface Told {
  readonly kind: string;
  readonly count: number;
  readonly message: string;
  readonly examples: readonly object[];
}

async function alertsAt(ms: number, tenantId: string, kind: string): Promise<Told[]> {
  await at(ms);
  const log = { warn: () => {}, error: (detail: object) => expect(detail).toBeUndefined() };
  await sweepAlerts({ alerts: createAlertStore(api.db), log });
  return (await api.ask(`GET /v1/tenants/${tenantId}/alerts?kind=${kind}&state=open`)).body.items;
}

test('rows that wait for over an hour are counted beside files, and told as rows of their batch', async () => {
  const [id, other] = [await newTenant(), await newTenant()];
  const fileId = await makeBatch(id, 'day.csv', {
    'held NO_RECORDING': 4,
    'held MISSING_REQUIRED': 2,
    'held READY': 5,
    'received NONE': 1,
    'done SURFACED': 3,
    'rejected CONFLICTING_ROWS': 2,
  });
  await makeBatch(other, 'ready.csv', { 'held READY': 2, 'rejected METADATA_INVALID': 1 });
  await makeFile(api.db, id, { name: 'alone.wav' });
  expect(await alertsAt(HOUR, id, 'HELD_OVER_HOUR')).toEqual([]);
  const [held] = await alertsAt(HOUR + 1, id, 'HELD_OVER_HOUR');
  expect(held).toMatchObject({ count: 8 });
  expect(held!.message).toContain('4 NO_RECORDING, 2 MISSING_REQUIRED');
  expect(held!.message).toContain('7 of them are rows of batches');
  const example = { fileId, name: 'day.csv', receivedAt: '2026-03-02T10:00:00.000Z' };
  expect(held!.examples).toEqual([
    expect.objectContaining({ name: 'alone.wav', code: 'NO_METADATA' }),
    { ...example, code: 'MISSING_REQUIRED', rows: 2 },
    { ...example, code: 'NO_RECORDING', rows: 4 },
    { ...example, code: 'UNREAD', rows: 1 },
  ]);
  expect(await alertsAt(HOUR + 1, other, 'HELD_OVER_HOUR')).toEqual([]);
});

test('many files that wait leave room for the batches among the examples', async () => {
  const id = await newTenant();
  for (let n = 0; n < 12; n += 1) await makeFile(api.db, id, { name: `f${n}.wav` });
  await makeBatch(id, 'day.csv', { 'held NO_RECORDING': 4 });
  const [held] = await alertsAt(HOUR + 1, id, 'HELD_OVER_HOUR');
  expect(held!.count).toBe(16);
  expect(held!.examples).toHaveLength(10);
  expect(held!.examples.at(-1)).toMatchObject({ name: 'day.csv', rows: 4 });
});

test('rows that the purge ends within a day are told with the instant of the first', async () => {
  const id = await newTenant();
  await makeBatch(id, 'day.csv', { 'held NO_RECORDING': 3, 'held READY': 1 });
  expect(await alertsAt(6 * DAY - 1, id, 'PURGE_SOON')).toEqual([]);
  const [soon] = await alertsAt(6 * DAY, id, 'PURGE_SOON');
  expect(soon).toMatchObject({ count: 3, examples: [{ name: 'day.csv', rows: 3, code: 'NO_RECORDING' }] });
  expect(soon!.message).toContain('2026-03-09T10:00:00.000Z');
});

test('rejected rows make a jump of the rejection rate, each batch by its first thousand rows', async () => {
  const id = await newTenant();
  await makeBatch(id, 'week.csv', { 'done SURFACED': 990, 'rejected METADATA_INVALID': 10 });
  await at(DAY);
  const fileId = await makeBatch(id, 'now.csv', {
    'done SURFACED': 600,
    'rejected SCHEMA_DRIFT': 400,
    'done UNCHANGED': 500,
  });
  const [jump] = await alertsAt(DAY + 1, id, 'REJECTION_RATE_JUMP');
  // The batch itself ended too, and nothing but its rows was rejected.
  expect(jump!.message).toContain('400 of 1001 (40%); usual is 1.1%. 400 of them are rows of batches');
  expect(jump!.examples).toMatchObject([{ fileId, name: 'now.csv', code: 'SCHEMA_DRIFT', rows: 400 }]);
  const quiet = await newTenant();
  await at(DAY);
  await makeBatch(quiet, 'fine.csv', { 'done SURFACED': 40, 'rejected METADATA_INVALID': 1 });
  expect(await alertsAt(DAY + 1, quiet, 'REJECTION_RATE_JUMP')).toEqual([]);
});

test('readiness tells rejected and waiting rows by code, with their batches; complete ones count for nothing', async () => {
  const [id, other] = [await newTenant(), await newTenant()];
  await makeBatch(id, 'one.csv', { 'held NO_RECORDING': 2, 'held READY': 9, 'rejected CONFLICTING_ROWS': 4 });
  await makeBatch(id, 'two.csv', { 'held NO_RECORDING': 1, 'done SURFACED': 5, 'received NONE': 1 });
  await makeBatch(other, 'other.csv', { 'done SURFACED': 5 });
  const { body } = await api.ask(`GET /v1/tenants/${id}/readiness`);
  const rows = body.findings.filter(({ code }: { code: string }) => code.startsWith('ROWS_'));
  expect(rows).toMatchObject([
    { code: 'ROWS_REJECTED', required: false, count: 4, examples: ['one.csv: 4 rows'] },
    { code: 'ROWS_WAITING', count: 3, examples: ['two.csv: 1 row', 'one.csv: 2 rows'] },
    { code: 'ROWS_WAITING', count: 1, examples: ['two.csv: 1 row'] },
  ]);
  expect(rows[1].message).toBe(
    '3 rows of batches wait (NO_RECORDING): The metadata waits for its recording.',
  );
  expect(body.counts).toMatchObject({ held: 0, rejected: 0, heldRows: 4, rejectedRows: 4 });
  const failing = (checks: { code: string; ok: boolean }[]) =>
    checks.filter(({ ok }) => !ok).map(({ code }) => code);
  expect(failing(body.checks)).toEqual(expect.arrayContaining(['NOTHING_REJECTED', 'NOTHING_UNPAIRED']));
  const clean = (await api.ask(`GET /v1/tenants/${other}/readiness`)).body;
  expect(failing(clean.checks)).not.toContain('NOTHING_REJECTED');
  expect(failing(clean.checks)).not.toContain('NOTHING_UNPAIRED');
  expect(clean.counts).toMatchObject({ heldRows: 0, rejectedRows: 0 });
});

test('a day is reconciled row by row too, and rows that nobody decided are a gap of their batch', async () => {
  const id = await newTenant();
  const fileId = await makeBatch(id, 'day.csv', {
    'done SURFACED': 5,
    'done DUPLICATE': 1,
    'held NO_RECORDING': 3,
    'rejected CONFLICTING_ROWS': 2,
    'received NONE': 4,
  });
  const day = async () => (await api.ask(`GET /v1/tenants/${id}/reconciliation?day=2026-03-02`)).body;
  await at(HOUR - 1);
  const early = await day();
  expect(early).toMatchObject({ isBalanced: true, counts: { received: 1, otherDone: 1, unaccounted: 0 } });
  expect(early.counts.rows).toEqual({
    received: 15,
    surfaced: 5,
    otherDone: 1,
    held: 3,
    rejected: 2,
    pending: 4,
    unaccounted: 0,
    byCode: { CONFLICTING_ROWS: 2, DUPLICATE: 1, NONE: 4, NO_RECORDING: 3, SURFACED: 5 },
  });
  await at(15 * HOUR);
  const reconciliations = createReconciliationStore(api.db);
  await sweepReconciliations({ reconciliations, log: { warn: () => {}, error: () => {} } });
  expect(await day()).toMatchObject({
    isBalanced: false,
    counts: { unaccounted: 0, rows: { pending: 0, unaccounted: 4 } },
    unaccountedFiles: [{ fileId, name: 'day.csv', rows: 4 }],
    atClose: { counts: { rows: { unaccounted: 4 } } },
  });
  const [gap] = await alertsAt(15 * HOUR, id, 'RECONCILIATION_GAP');
  expect(gap).toMatchObject({ count: 4, examples: [{ fileId, rows: 4 }] });
  await api.db.execute(
    `UPDATE call_records SET state = 'held', outcome_code = 'READY' WHERE tenant_id = $1 AND outcome_code IS NULL`,
    [id],
  );
  await sweepReconciliations({ reconciliations, log: { warn: () => {}, error: () => {} } });
  expect(await day()).toMatchObject({ isBalanced: true, unaccountedFiles: [] });
  expect(await alertsAt(15 * HOUR, id, 'RECONCILIATION_GAP')).toEqual([]);
});
