import type { NewMapping } from '@callbay/contracts';
import { COACH_MINIMUM } from '@callbay/core';
import { advanceCalls, sweepExpiredRows } from '@callbay/ingestion';
import { createBulkReplayStore, createMappingStore } from '@callbay/postgres';
import { makeWav, type RunningCallbay, startCallbay, type TestTenant } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { callsOf, codesOf, HOUR, json } from './support.ts';

const START = Date.parse('2026-03-02T11:00:00.000Z');
const COLUMNS = ['datetime', 'email', 'direction', 'filename', 'stage'] as const;
type Row = Partial<Record<(typeof COLUMNS)[number], string>>;

let callbay: RunningCallbay;
beforeAll(async () => {
  callbay = await startCallbay();
});
afterAll(() => callbay[Symbol.asyncDispose]());

const at = (ms: number): Promise<void> => callbay.clock.set(new Date(START + ms));
const wav = (seed: number): Buffer => makeWav({ seconds: 1, seed });

/** A batch of rows that are complete but for what each says. */
const csv = (...rows: Row[]): string =>
  [COLUMNS, ...rows.map(cellsOf)].map((cells) => `${cells.join(',')}\n`).join('');

function cellsOf(row: Row): string[] {
  const whole: Row = {
    datetime: '2026-03-02T10:00:00Z',
    email: 'rep@acme.test',
    direction: 'outbound',
    filename: '',
    stage: '',
    ...row,
  };
  return COLUMNS.map((column) => whole[column] ?? '');
}

async function put({ client }: TestTenant, files: Record<string, string | Buffer>): Promise<void> {
  for (const [name, bytes] of Object.entries(files)) await client.put(name, bytes);
  await callbay.settle();
}

interface Receipt {
  readonly outcome: { readonly code: string; readonly message: string };
  readonly warnings: { readonly code: string }[];
  readonly rowCounts: Record<string, number>;
  readonly rows: { line: number; state: string; code: string; message: string; callId: number | null }[];
}
const receiptOf = async ({ client }: TestTenant, name: string): Promise<Receipt> =>
  (await client.receipt(name)) as unknown as Receipt;
const rowCodes = async (tenant: TestTenant, name: string): Promise<string[]> =>
  (await receiptOf(tenant, name)).rows.map(({ line, code }) => `${line} ${code}`);

test('case 28: rows whose recordings are here surface, the others wait for theirs', async () => {
  await using tenant = await callbay.openTenant();
  await at(0);
  await put(tenant, {
    'a.wav': wav(1),
    'day.csv': csv({ filename: 'a.wav' }, { filename: 'sub\\b.wav' }, { filename: 'c' }, {}),
  });
  const receipt = await receiptOf(tenant, 'day.csv');
  expect(receipt).toMatchObject({
    kind: 'batch',
    state: 'done',
    location: '/data/processed/day.csv',
    callKey: null,
    outcome: { code: 'BATCH_DONE' },
    warnings: [],
    rowCounts: { NO_RECORDING: 3, SURFACED: 1 },
  });
  expect(receipt.rows.map(({ line, state, code, callId }) => ({ line, state, code, callId }))).toEqual([
    { line: 2, state: 'done', code: 'SURFACED', callId: 1 },
    { line: 3, state: 'held', code: 'NO_RECORDING', callId: null },
    { line: 4, state: 'held', code: 'NO_RECORDING', callId: null },
    { line: 5, state: 'held', code: 'NO_RECORDING', callId: null },
  ]);
  await put(tenant, { 'b.wav': wav(2), 'c.mp3.wav': wav(3), 'c.wav': wav(4) });
  expect(await rowCodes(tenant, 'day.csv')).toEqual([
    '2 SURFACED',
    '3 SURFACED',
    '4 SURFACED',
    '5 NO_RECORDING',
  ]);
  expect((await callsOf(callbay, tenant)).map((call) => call.call_key)).toEqual([
    'stem:a',
    'stem:b',
    'stem:c',
  ]);
});

test('case 29: a row twice is one when both say the same, and neither counts when they differ', async () => {
  await using tenant = await callbay.openTenant();
  await at(0);
  await put(tenant, {
    'a.wav': wav(1),
    'b.wav': wav(2),
    'day.csv': csv(
      { filename: 'a.wav', stage: 'won' },
      { filename: 'b.wav', stage: 'won' },
      { filename: 'a.wav', stage: 'won' },
      { filename: 'b.wav', stage: 'lost' },
    ),
  });
  expect(await rowCodes(tenant, 'day.csv')).toEqual([
    '2 SURFACED',
    '3 CONFLICTING_ROWS',
    '4 DUPLICATE',
    '5 CONFLICTING_ROWS',
  ]);
  expect(await codesOf(callbay, tenant)).toEqual([
    'a.wav SURFACED',
    'b.wav NO_METADATA',
    'day.csv BATCH_DONE',
  ]);
});

test('case 30: a CSV of several rows beside a recording of its name is a batch, with a warning', async () => {
  await using tenant = await callbay.openTenant();
  await at(0);
  await put(tenant, { 'a.wav': wav(1), 'a.csv': csv({ filename: 'a.wav' }, { filename: 'b.wav' }) });
  const receipt = await receiptOf(tenant, 'a.csv');
  expect(receipt).toMatchObject({ kind: 'batch', warnings: [{ code: 'SIDECAR_AS_BATCH' }] });
  expect(await rowCodes(tenant, 'a.csv')).toEqual(['2 SURFACED', '3 NO_RECORDING']);
});

test('case 31: a batch name with other bytes is a new batch with a warning, and with the same bytes no news', async () => {
  await using tenant = await callbay.openTenant();
  await at(0);
  const first = csv({ filename: 'a.wav' }, { filename: 'b.wav' });
  await put(tenant, { 'a.wav': wav(1), 'b.wav': wav(2), 'day.csv': first });
  await put(tenant, { 'day.csv': first });
  expect(await receiptOf(tenant, 'day.csv')).toMatchObject({ warnings: [], rowCounts: { UNCHANGED: 2 } });
  await put(tenant, { 'day.csv': csv({ filename: 'a.wav', stage: 'won' }, { filename: 'b.wav' }) });
  expect(await receiptOf(tenant, 'day.csv')).toMatchObject({
    warnings: [{ code: 'BATCH_NAME_REUSED' }],
    rowCounts: { UNCHANGED: 1, UPDATED: 1 },
    location: '/data/processed/day~3.csv',
  });
  expect(await callsOf(callbay, tenant)).toMatchObject([
    { call_key: 'stem:a', revision: 2, fields: { stage: 'won' } },
    { call_key: 'stem:b', revision: 1 },
  ]);
});

test('case 47: every row is judged by the window of its own call', async () => {
  await using tenant = await callbay.openTenant();
  await at(0);
  await put(tenant, {
    'a.wav': wav(1),
    'b.wav': wav(2),
    'day.csv': csv({ filename: 'a.wav' }, { filename: 'b.wav', datetime: '2026-03-01T12:00:00Z' }),
  });
  await at(30 * HOUR);
  await put(tenant, {
    'more.csv': csv(
      { filename: 'a.wav', stage: 'won' },
      { filename: 'b.wav', datetime: '2026-03-01T12:00:00Z', stage: 'won' },
    ),
  });
  expect(await rowCodes(tenant, 'more.csv')).toEqual(['2 UPDATED', '3 LATE_UPDATE']);
});

test('case 20: a batch row is an update of a call that a sidecar made, and a sidecar of one that a row made', async () => {
  await using tenant = await callbay.openTenant();
  await at(0);
  await put(tenant, { 'a.wav': wav(1), 'a.json': json(), 'b.wav': wav(2) });
  await put(tenant, { 'day.csv': csv({ filename: 'a.wav', stage: 'won' }, { filename: 'b.wav' }) });
  expect(await rowCodes(tenant, 'day.csv')).toEqual(['2 UPDATED', '3 SURFACED']);
  await put(tenant, { 'b.json': json({ stage: 'won' }), 'a.xml': '<call><datetime>x</datetime></call>' });
  await put(tenant, {
    'b.xml': `<call><datetime>2026-03-02T10:00:00Z</datetime><email>x</email><direction>inbound</direction></call>`,
  });
  expect((await codesOf(callbay, tenant)).slice(-3)).toEqual([
    'b.json UPDATED',
    'a.xml METADATA_INVALID',
    'b.xml DUPLICATE_METADATA',
  ]);
});

test('case 67: a ragged row is its own error, and the rest go in', async () => {
  await using tenant = await callbay.openTenant();
  await at(0);
  const [header, first] = csv({ filename: 'a.wav' }).split('\n');
  await put(tenant, { 'a.wav': wav(1), 'day.csv': `${header}\n1,2\n${first}\n` });
  expect(await rowCodes(tenant, 'day.csv')).toEqual(['2 METADATA_INVALID', '3 SURFACED']);
  expect((await receiptOf(tenant, 'day.csv')).rows[0]?.message).toMatch(/Expected 5 values, found 2/);
});

test('case 69: a batch that lacks a mapped column is refused whole', async () => {
  await using tenant = await callbay.openTenant();
  await at(0);
  await put(tenant, { 'day.csv': 'datetime,email,filename\n1,2,a.wav\n1,2,b.wav\n' });
  expect(await receiptOf(tenant, 'day.csv')).toMatchObject({
    kind: 'sidecar',
    state: 'rejected',
    outcome: { code: 'SCHEMA_DRIFT' },
  });
});

test('case 69: a batch refused for its columns is a batch once it is replayed by a mapping that fits', async () => {
  await using tenant = await callbay.openTenant();
  await at(0);
  const drifted = csv({ filename: 'a.wav' }, { filename: 'b.wav' }).replace('datetime', 'started');
  await put(tenant, { 'a.wav': wav(1), 'day.csv': drifted });
  expect(await receiptOf(tenant, 'day.csv')).toMatchObject({ outcome: { code: 'SCHEMA_DRIFT' } });
  const fields = COACH_MINIMUM.fields.map((field) =>
    field.source === 'datetime' ? { ...field, source: 'started' } : field,
  );
  const by = { name: 'test', remoteAddress: null };
  const published = { ...COACH_MINIMUM, fields } as unknown as NewMapping;
  await createMappingStore(callbay.db).publishMapping(tenant.tenantId, 'call', published, null, by);
  const { tenantId } = tenant;
  const { id: fileId } = (await receiptOf(tenant, 'day.csv')) as Receipt & { id: string };
  await createBulkReplayStore(callbay.db).replayFiles(tenantId, [fileId], by);
  await callbay.deps.queue.wakeReaders(tenantId, 'alone');
  await callbay.settle();
  // A sweep may come upon the call that the refused file belonged to at any time.
  await advanceCalls(callbay.deps, { tenantId, callKeys: ['stem:day'] });
  expect(await receiptOf(tenant, 'day.csv')).toMatchObject({
    kind: 'batch',
    state: 'done',
    outcome: { code: 'BATCH_DONE' },
  });
  expect(await rowCodes(tenant, 'day.csv')).toEqual(['2 SURFACED', '3 NO_RECORDING']);
});

test('a batch of one row is a batch when it names a recording of another name', async () => {
  await using tenant = await callbay.openTenant();
  await at(0);
  await put(tenant, {
    'a.wav': wav(1),
    'a.json': json(),
    'day.csv': csv({ filename: 'a.wav', stage: 'won' }),
  });
  expect(await rowCodes(tenant, 'day.csv')).toEqual(['2 UPDATED']);
});

test('rows that found no recording end 7 days after they arrived, and a recording then waits again', async () => {
  await using tenant = await callbay.openTenant();
  await at(0);
  await put(tenant, { 'a.wav': wav(1), 'day.csv': csv({ filename: 'a.wav' }, { filename: 'b.wav' }) });
  await at(7 * 24 * HOUR);
  await sweepExpiredRows(callbay.deps);
  expect(await rowCodes(tenant, 'day.csv')).toEqual(['2 SURFACED', '3 PURGED_UNPAIRED']);
  await put(tenant, { 'b.wav': wav(2) });
  expect((await codesOf(callbay, tenant)).at(-1)).toBe('b.wav NO_METADATA');
});

test('a batch removed before it was read counts for nothing', async () => {
  await using idle = await startCallbay({ isIdle: true });
  await using tenant = await idle.openTenant();
  await tenant.client.put('day.csv', csv({ filename: 'a.wav' }, { filename: 'b.wav' }));
  await tenant.client.remove('day.csv');
  await idle.startWorkers();
  await idle.settle();
  expect(await codesOf(idle, tenant)).toEqual(['day.csv WITHDRAWN']);
  const rows = await idle.db.query('SELECT FROM call_records WHERE tenant_id = $1', [tenant.tenantId]);
  expect(rows).toHaveLength(0);
});

test('lists in other formats are batches where the mapping says so, and refused with a hint where it does not', async () => {
  await using tenant = await callbay.openTenant();
  await at(0);
  const list = JSON.stringify(['a', 'b'].map((filename) => ({ ...JSON.parse(json()), filename })));
  const xml = `<calls>${['a', 'b'].map((name) => `<call><datetime>2026-03-02T10:00:00Z</datetime><email>rep@acme.test</email><direction>outbound</direction><filename>${name}</filename><stage>won</stage></call>`).join('')}</calls>`;
  await put(tenant, { 'a.wav': wav(1), 'list.json': list });
  expect(await receiptOf(tenant, 'list.json')).toMatchObject({
    outcome: { code: 'METADATA_INVALID', message: expect.stringContaining('manyRecords') as string },
  });
  const by = { name: 'test', remoteAddress: null };
  const mapping = { ...structuredClone(COACH_MINIMUM), options: { manyRecords: true } } as NewMapping;
  await createMappingStore(callbay.db).publishMapping(tenant.tenantId, 'call', mapping, null, by);
  await put(tenant, { 'again.json': list });

  expect(await rowCodes(tenant, 'again.json')).toEqual(['1 SURFACED', '2 NO_RECORDING']);
  await put(tenant, { 'list.xml': xml });
  expect(await rowCodes(tenant, 'list.xml')).toEqual(['1 UPDATED', '2 NO_RECORDING']);
});

test('case 112: a broken byte costs its row of a batch, and what is assumed of one is told', async () => {
  await using tenant = await callbay.openTenant();
  await at(0);
  const broken = Buffer.from(
    csv({ filename: 'a.wav', stage: 'Müller' }, { stage: 'coup#' }, { filename: 'c.wav', stage: 'Köln' }),
  );
  broken[broken.indexOf('#')] = 0xc3;
  const western = Buffer.from(
    csv({ filename: 'b.wav', stage: 'Müller' }, { filename: 'd.wav', stage: 'Köln' }),
    'latin1',
  );
  await put(tenant, { 'a.wav': wav(1), 'b.wav': wav(2), 'broken.csv': broken, 'western.csv': western });
  expect(await rowCodes(tenant, 'broken.csv')).toEqual([
    '2 SURFACED',
    '3 METADATA_INVALID',
    '4 NO_RECORDING',
  ]);
  expect((await receiptOf(tenant, 'broken.csv')).warnings).toEqual([]);
  expect((await receiptOf(tenant, 'western.csv')).warnings).toMatchObject([{ code: 'ENCODING_ASSUMED' }]);
});
