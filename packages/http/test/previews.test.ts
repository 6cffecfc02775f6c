import { PAGE_BYTES } from '@callbay/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { arrive } from './arrivals.ts';
import { startApi, type TestApi } from './support.ts';

let api: TestApi;
let count = 0;

beforeAll(async () => {
  api = await startApi();
});

afterAll(() => api[Symbol.asyncDispose]());

async function newTenant(): Promise<string> {
  const id = `tried-${++count}`;
  await api.ask('POST /v1/tenants', { body: { id, name: id, timeZone: 'America/New_York', stage: 'live' } });
  return id;
}

const preview = (id: string, body: unknown) =>
  api.ask(`POST /v1/tenants/${id}/mappings/call/preview`, { body });

const required = (source: string, target: string, type: string) => ({ source, target, type, required: true });
const MINIMUM = [
  required('datetime', 'startedAt', 'instant'),
  required('email', 'user', 'id'),
  required('direction', 'direction', 'enum'),
];
const record = (change: Record<string, string> = {}) => ({
  datetime: '2026-03-02T10:00:00Z',
  email: 'a@b.test',
  direction: 'inbound',
  score: '7',
  ...change,
});

test('a draft reads the sample into typed values, and tells each row that it holds or rejects', async () => {
  const id = await newTenant();
  const text =
    'datetime,email,direction,score\n2026-03-02 10:00,a@b.test,in,7\n,b@b.test,out,8\nsoon,c,in,x\n';
  const fields = [...MINIMUM, { source: 'score', target: 'score', type: 'number', required: true }];
  const { status, body } = await preview(id, { mapping: { fields }, sample: { name: 'a.csv', text } });
  expect(status).toBe(200);
  expect(body).toMatchObject({ liveVersion: 1, files: null });
  expect(body.sample.counts).toEqual({ accepted: 1, held: 1, rejected: 1, ignored: 0 });
  expect(body.sample.records).toMatchObject([
    {
      at: 'line 2',
      state: 'accepted',
      startedAt: '2026-03-02T15:00:00.000Z',
      direction: 'inbound',
      fields: { score: 7 },
    },
    { at: 'line 3', state: 'held', code: 'MISSING_REQUIRED', missing: ['startedAt'] },
    {
      at: 'line 4',
      state: 'rejected',
      code: 'METADATA_INVALID',
      issues: [{ at: 'datetime' }, { at: 'score' }],
    },
  ]);
});

test('case 69: a draft that requires a column the sample lacks is shown as drift', async () => {
  const id = await newTenant();
  const fields = [...MINIMUM, { source: 'gone', target: 'gone', type: 'string', required: true }];
  const text = 'datetime,email,direction\n2026-03-02T10:00:00Z,a@b.test,in\n';
  const { body } = await preview(id, { mapping: { fields }, sample: { name: 'a.csv', text } });
  expect(body.sample.records).toMatchObject([{ state: 'rejected', code: 'SCHEMA_DRIFT' }]);
});

test('a draft tells the last files apart: calls that change, files newly rejected, held and released', async () => {
  const id = await newTenant();
  await arrive(api.db, id, 'a.wav');
  const a = await arrive(api.db, id, 'a.json', [record()]);
  const b = await arrive(api.db, id, 'b.json', [record({ score: 'seven' })]);
  const c = await arrive(api.db, id, 'c.json', [record({ datetime: '03/02/2026 10:00' })]);
  const d = await arrive(api.db, id, 'd.json', [record({ score: '' })]);
  const fields = [
    { ...MINIMUM[0], formats: ['MM/dd/yyyy HH:mm'] },
    ...MINIMUM.slice(1),
    { source: 'score', target: 'score', type: 'number', required: true },
  ];
  const before = await api.db.query('SELECT * FROM calls ORDER BY tenant_id, call_key');
  const { status, body } = await preview(id, { mapping: { fields }, lastFiles: 10 });
  expect(status).toBe(200);
  expect(body.files.counts).toEqual({
    files: 4,
    records: 4,
    skipped: 0,
    unchanged: 0,
    changedCalls: 1,
    newlyRejected: 1,
    newlyHeld: 1,
    newlyReleased: 1,
    newlyIgnored: 0,
  });
  expect(body.files.changedCalls).toEqual([
    { callId: 1, fileId: a, name: 'a.json', changes: [{ field: 'score', old: '7', new: 7 }] },
  ]);
  expect(body.files.newlyRejected).toMatchObject([{ fileId: b, code: 'METADATA_INVALID' }]);
  expect(body.files.newlyReleased).toMatchObject([{ fileId: c, code: 'METADATA_INVALID' }]);
  expect(body.files.newlyHeld).toMatchObject([{ fileId: d, code: 'MISSING_REQUIRED' }]);
  expect(await api.db.query('SELECT * FROM calls ORDER BY tenant_id, call_key')).toEqual(before);
  expect((await api.ask(`GET /v1/tenants/${id}/mappings/call`)).body.version).toBe(1);
});

test('only the last files that were asked for are tried, and never a foreign one', async () => {
  const [id, other] = [await newTenant(), await newTenant()];
  for (const name of ['a.json', 'b.json', 'c.json']) await arrive(api.db, id, name, [record()]);
  await arrive(api.db, other, 'z.json', [record()]);
  const { body } = await preview(id, { mapping: { fields: MINIMUM }, lastFiles: 2 });
  expect(body.files.counts).toMatchObject({ files: 2, records: 2, unchanged: 2 });
});

test('lists are cut after a hundred, and the counts go on', async () => {
  const id = await newTenant();
  await arrive(
    api.db,
    id,
    'many.json',
    Array.from({ length: 130 }, (_, n) => record({ email: `u${n}@b.test` })),
  );
  const fields = [...MINIMUM, { source: 'score', target: 'points', type: 'number' }];
  const { body } = await preview(id, { mapping: { fields }, lastFiles: 1 });
  expect(body.files.counts).toMatchObject({ records: 130, changedCalls: 130 });
  expect(body.files.changedCalls).toHaveLength(100);
});

test('lists are cut by bytes, and the counts go on', async () => {
  const id = await newTenant();
  const large = (n: number) =>
    record({ email: `u${n}@b.test`, a: 'x'.repeat(60_000), b: 'y'.repeat(60_000) });
  await arrive(
    api.db,
    id,
    'large.json',
    Array.from({ length: 50 }, (_, n) => large(n)),
  );
  const rename = (source: string) => ({ source, target: `renamed ${source}`, type: 'string' });
  const fields = [...MINIMUM, rename('a'), rename('b')];
  const { body, text } = await preview(id, { mapping: { fields }, lastFiles: 1 });
  expect(body.files.counts).toMatchObject({ records: 50, changedCalls: 50 });
  expect(body.files.changedCalls.length).toBeGreaterThan(5);
  expect(text.length).toBeLessThan(PAGE_BYTES + 2 ** 20);
});

test.each([
  ['a type that is none', { ...MINIMUM[0], type: 'moment' }, 'mapping.fields[0].type'],
  ['a target mapped twice', { ...MINIMUM[0], target: 'direction' }, 'mapping.fields[2].target'],
  [
    'formats that confuse day and month',
    { ...MINIMUM[0], formats: ['dd-MM-yyyy', 'MM-dd-yyyy'] },
    'mapping.fields[0].formats[1]',
  ],
])('%s is refused at its place', async (_title, first, at) => {
  const id = await newTenant();
  const { status, body } = await preview(id, {
    mapping: { fields: [first, ...MINIMUM.slice(1)] },
    lastFiles: 1,
  });
  expect(status).toBe(400);
  expect(body.issues.map((found: { at: string }) => found.at)).toContain(at);
});

describe('case 112: the encoding of a sample is reported', () => {
  const CP1250 = Buffer.from(
    'datetime,email,direction,note\n2026-03-02 10:00,a@b.test,in,\x8eluv\n',
    'latin1',
  );
  const sample = { name: 'a.csv', base64: CP1250.toString('base64') };

  test('bytes in an encoding that nothing names are read with a warning, not in silence', async () => {
    const { body } = await preview(await newTenant(), { mapping: { fields: MINIMUM }, sample });
    expect(body.sample.encoding).toBe('windows-1252');
    expect(body.sample.warnings).toMatchObject([{ code: 'ENCODING_ASSUMED' }]);
  });

  test('what the draft names is what the bytes are read as', async () => {
    const options = { encoding: 'windows-1250' };
    const { body } = await preview(await newTenant(), { mapping: { fields: MINIMUM, options }, sample });
    expect([body.sample.encoding, body.sample.warnings]).toEqual(['windows-1250', []]);
    expect(body.sample.records[0].fields).toMatchObject({ note: 'Žluv' });
  });

  test('what the tenant names holds for its CRM files', async () => {
    const id = await newTenant();
    await api.ask(`PATCH /v1/tenants/${id}`, { body: { settings: { encoding: 'windows-1250' } } });
    const fields = [{ source: 'Id', target: 'externalId', type: 'id', required: true }];
    const base64 = Buffer.from('Id,Name\n1,\x8eluv\n', 'latin1').toString('base64');
    const { body } = await api.ask(`POST /v1/tenants/${id}/mappings/contacts/preview`, {
      body: { mapping: { fields }, sample: { name: 'contacts.csv', base64 } },
    });
    expect(body.sample).toMatchObject({ encoding: 'windows-1250', warnings: [] });
    expect(body.sample.rows[0].fields).toMatchObject({ Name: 'Žluv' });
  });

  test('text is UTF-8, whatever a setting names', async () => {
    const text = 'datetime,email,direction,note\n2026-03-02 10:00,a@b.test,in,Žluv\n';
    const options = { encoding: 'windows-1250' };
    const { body } = await preview(await newTenant(), {
      mapping: { fields: MINIMUM, options },
      sample: { text },
    });
    expect([body.sample.encoding, body.sample.warnings]).toEqual(['utf-8', []]);
    expect(body.sample.records[0].fields).toMatchObject({ note: 'Žluv' });
  });

  test.each([
    ['neither text nor bytes', { name: 'a.csv' }],
    ['both', { text: 'a,b\n1,2\n', base64: 'YSxi' }],
    ['what is not base64', { base64: '%' }],
  ])('a sample with %s is refused', async (_, wrong) => {
    const { status } = await preview(await newTenant(), { mapping: { fields: MINIMUM }, sample: wrong });
    expect(status).toBe(400);
  });
});
