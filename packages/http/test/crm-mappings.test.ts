import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startApi, type TestApi } from './support.ts';

let api: TestApi;
let count = 0;

beforeAll(async () => {
  api = await startApi();
});

afterAll(() => api[Symbol.asyncDispose]());

async function newTenant(): Promise<string> {
  const id = `crm-set-up-${++count}`;
  await api.ask('POST /v1/tenants', { body: { id, name: id, timeZone: 'America/New_York' } });
  return id;
}

const ID = { source: 'Id', target: 'externalId', type: 'id', required: true };
const preview = (tenantId: string, body: unknown, kind = 'contacts') =>
  api.ask(`POST /v1/tenants/${tenantId}/mappings/${kind}/preview`, { body });
const csv = (text: string) => ({ name: 'contacts.csv', text });

test('a draft reads each row of a sample into typed values, or tells by line why it does not', async () => {
  const id = await newTenant();
  const fields = [
    ID,
    { source: 'Score', target: 'score', type: 'number' },
    { source: 'Since', target: 'since', type: 'instant', formats: ['MM/dd/yyyy HH:mm'] },
  ];
  const text = 'Id,Score,Since,Note\n1,7,03/02/2026 10:00,hi\n,8,,\n3,x,,\n4,1,2,3,4\n';
  const { status, body } = await preview(id, { mapping: { fields }, sample: csv(text) });
  expect(status).toBe(200);
  expect(body.liveVersion).toBeNull();
  expect(body.sample.counts).toMatchObject({ read: 1, rejected: 2 });
  expect(body.sample.rows).toMatchObject([
    {
      at: 'line 2',
      externalId: '1',
      issues: [],
      fields: { score: 7, since: '2026-03-02T15:00:00.000Z', Note: 'hi' },
    },
    { at: 'line 3', externalId: null, issues: [{ code: 'METADATA_INVALID', at: 'Id' }] },
    { at: 'line 4', externalId: null, issues: [{ code: 'METADATA_INVALID', at: 'Score' }] },
  ]);
  expect(body.sample.issues).toMatchObject([{ at: 'line 5' }]);
  expect((await api.ask(`GET /v1/tenants/${id}/mappings/contacts`)).status).toBe(404);
});

test('a draft is held against the mapping in force, and against the preset where none is published', async () => {
  const id = await newTenant();
  const text = 'Id,Email,Amount\n1,a@b.test,7\n2,,x\n';
  const fields = [ID, { source: 'Amount', target: 'amount', type: 'number' }];
  const first = await preview(id, { mapping: { fields }, sample: csv(text) });
  expect(first.body.sample.counts).toMatchObject({ changed: 1, newlyRejected: 1, newlyReleased: 0 });
  expect(first.body.sample.rows[0].changes).toEqual([
    { field: 'Amount', old: '7', new: null },
    { field: 'Email', old: null, new: 'a@b.test' },
    { field: 'amount', old: null, new: 7 },
    { field: 'email', old: 'a@b.test', new: null },
  ]);
  await api.ask(`PUT /v1/tenants/${id}/mappings/contacts`, { body: { fields } });
  const same = await preview(id, { mapping: { fields }, sample: csv(text) });
  expect(same.body).toMatchObject({ liveVersion: 1, sample: { counts: { unchanged: 2, changed: 0 } } });
  const loose = await preview(id, { mapping: { fields: [ID] }, sample: csv(text) });
  expect(loose.body.sample.counts).toMatchObject({ changed: 1, newlyRejected: 0, newlyReleased: 1 });
  expect(loose.body.sample.rows[1]).toMatchObject({ at: 'line 3', change: 'released' });
});

test('case 69: a draft whose required column the sample lacks refuses every row as drift', async () => {
  const id = await newTenant();
  const fields = [ID, { source: 'Gone', target: 'gone', type: 'string', required: true }];
  const { body } = await preview(id, { mapping: { fields }, sample: csv('Id,Name\n1,Ann\n') });
  expect(body.sample.rows).toMatchObject([{ change: 'rejected', issues: [{ code: 'SCHEMA_DRIFT' }] }]);
});

test.each([
  ['a draft without the id', { mapping: { fields: [{ ...ID, target: 'name' }] } }, 'mapping.fields'],
  ['files that came, whose rows are not kept', { mapping: { fields: [ID] }, lastFiles: 3 }, 'lastFiles'],
])('%s is refused at its place', async (_title, request, at) => {
  const { status, body } = await preview(await newTenant(), request);
  expect([status, body.issues[0].at]).toEqual([400, at]);
});

test('a sample in another format than CSV says that no CRM file is', async () => {
  const sample = { name: 'a.json', text: '[{"Id":"1"}]' };
  const { body } = await preview(await newTenant(), { mapping: { fields: [ID] }, sample });
  expect(body.sample).toMatchObject({ rows: [], issues: [{ code: 'METADATA_INVALID' }] });
});

/** A CRM file whose import has ended, as its report is kept. */
async function imported(tenantId: string, type: string, columns: string[], rows = 1): Promise<void> {
  const id = randomUUID();
  await api.db.execute(
    `WITH place AS (
       UPDATE tenant_counters SET value = value + 1 WHERE tenant_id = $1 AND name = 'receive' RETURNING value
     ), file AS (
       INSERT INTO files (tenant_id, id, drop, name, shown_name, stem, ext, size_bytes, sent_by, received_at, receive_seq,
                          modified_at, kind, state)
       SELECT $1, $2, 'sftp', $3 || '.csv', $3 || '.csv', $3, 'csv', 1, 't', callbay_now(), value, callbay_now(), 'crm', 'done'
         FROM place
     )
     INSERT INTO crm_imports (tenant_id, file_id, type, place, state, is_settled, report)
     SELECT $1, $2, $3, value, 'done', TRUE, $4::jsonb FROM place`,
    [tenantId, id, type, JSON.stringify({ columns, rows })],
  );
}

const lint = async (tenantId: string, kind = 'contacts') =>
  (await api.ask(`GET /v1/tenants/${tenantId}/mappings/${kind}/lint`)).body;

test('the lint names columns that came unmapped, mapped ones that never came, and required ones no file had', async () => {
  const [id, other] = [await newTenant(), await newTenant()];
  const fields = [
    ID,
    { source: 'Email', target: 'email', type: 'email' },
    { source: 'Owner', target: 'ownerId', type: 'id', required: true },
    { source: 'Fax', target: 'fax', type: 'phone' },
  ];
  await api.ask(`PUT /v1/tenants/${id}/mappings/contacts`, { body: { fields } });
  await imported(id, 'contacts', ['Id', 'email', 'Note'], 3);
  await imported(id, 'contacts', ['Id', 'Note', 'Colour'], 4);
  await imported(id, 'leads', ['Id', 'Lead']);
  await imported(other, 'contacts', ['Id', 'Foreign']);
  expect(await lint(id)).toEqual({
    version: 1,
    records: 7,
    skipped: 0,
    isCut: false,
    nested: [],
    unmapped: [
      { source: 'Note', seen: 2 },
      { source: 'Colour', seen: 1 },
    ],
    neverSeen: [
      { source: 'Owner', target: 'ownerId', isRequired: true },
      { source: 'Fax', target: 'fax', isRequired: false },
    ],
    requiredNeverGiven: [{ source: 'Owner', target: 'ownerId' }],
  });
});

test('without a published mapping the lint holds the preset against the columns, and without files it says so', async () => {
  const id = await newTenant();
  expect(await lint(id, 'accounts')).toMatchObject({ version: null, records: 0 });
  await imported(id, 'accounts', ['Account Name', 'Colour']);
  expect(await lint(id, 'accounts')).toMatchObject({
    unmapped: [{ source: 'Colour', seen: 1 }],
    requiredNeverGiven: [{ source: 'Id', target: 'externalId' }],
  });
});
