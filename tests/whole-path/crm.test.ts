import { canonicalExternalId } from '@callbay/core';
import { replayFile } from '@callbay/ingestion';
import { createMappingStore, createReplayStore } from '@callbay/postgres';
import { makeWav, type RunningCallbay, startCallbay, type TestTenant } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { callsOf, codesOf, json } from './support.ts';

let callbay: RunningCallbay;
beforeAll(async () => {
  callbay = await startCallbay();
});
afterAll(() => callbay[Symbol.asyncDispose]());

const objectsOf = async (
  { tenantId }: TestTenant,
  type: string,
): Promise<Record<string, Record<string, unknown>>> => {
  const rows = await callbay.db.query<{ external_id: string; fields: Record<string, unknown> }>(
    'SELECT external_id, fields FROM crm_objects WHERE tenant_id = $1 AND type = $2',
    [tenantId, type],
  );
  return Object.fromEntries(rows.map((row) => [row.external_id, row.fields]));
};

interface Story {
  readonly code: string;
  readonly counts: Record<string, number> | undefined;
  readonly errors: { line: number; code: string }[];
}

/** How the tenant's newest file of a name ended. */
async function storyOf({ tenantId }: TestTenant, name: string): Promise<Story> {
  const [row] = await callbay.db.query<{
    code: string;
    report: { counts?: Record<string, number>; errors: Story['errors'] };
  }>(
    `SELECT f.outcome_code AS code, i.report FROM files f JOIN crm_imports i ON i.tenant_id = f.tenant_id AND i.file_id = f.id
      WHERE f.tenant_id = $1 AND f.name = $2 ORDER BY f.receive_seq DESC LIMIT 1`,
    [tenantId, name],
  );
  return { code: row?.code ?? 'none', counts: row?.report.counts, errors: row?.report.errors ?? [] };
}

test('case 84: of one id twice the last row stands, a row without an id is an error, a row absent later stays', async () => {
  await using tenant = await callbay.openTenant();
  await tenant.client.put('contacts.csv', 'Id,LastName\n1,Ann\n2,Bob\n1,Anna\n,Nobody\n');
  await callbay.settle();
  expect(await storyOf(tenant, 'contacts.csv')).toMatchObject({
    code: 'CRM_IMPORTED',
    counts: { rows: 4, new: 2, changed: 0, unchanged: 0, repeated: 1, errors: 1 },
    errors: [{ line: 5, code: 'METADATA_INVALID' }],
  });
  expect(await objectsOf(tenant, 'contacts')).toEqual({ 1: { lastName: 'Anna' }, 2: { lastName: 'Bob' } });
  await tenant.client.put('contacts-2.csv', 'Id,LastName\n2,Rob\n3,Cat\n');
  await callbay.settle();
  expect(await storyOf(tenant, 'contacts-2.csv')).toMatchObject({ counts: { new: 1, changed: 1 } });
  expect(Object.keys(await objectsOf(tenant, 'contacts'))).toEqual(['1', '2', '3']);
  // The last row of an id says what is there already, an earlier one does not.
  await tenant.client.put('contacts-3.csv', 'Id,LastName\n3,Dog\n2,Bob\n3,Cat\n2,Rob\n2,Ron\n');
  await callbay.settle();
  expect(await objectsOf(tenant, 'contacts')).toMatchObject({
    2: { lastName: 'Ron' },
    3: { lastName: 'Cat' },
  });
  expect(await storyOf(tenant, 'contacts-3.csv')).toMatchObject({ counts: { rows: 5, new: 0, changed: 1 } });
  expect((await tenant.client.receipt('contacts.csv')).outcome).toMatchObject({
    code: 'CRM_IMPORTED',
    fix: expect.stringContaining('warnings') as string,
  });
  expect((await tenant.client.receipt('contacts-3.csv')).outcome).toMatchObject({ fix: 'Nothing to do.' });
  expect(await tenant.client.list('/data/processed')).toEqual([
    'contacts-2.csv',
    'contacts-3.csv',
    'contacts.csv',
  ]);
});

test('case 86: an empty cell clears, an absent column keeps, and the same file again changes nothing', async () => {
  await using tenant = await callbay.openTenant();
  const file = 'Id,Email,Phone,Shoe\n1,a@b.c,123,42\n';
  await tenant.client.put('leads.csv', file);
  await tenant.client.put('leads_2.csv', 'Id,Email\n1,\n');
  await callbay.settle();
  expect(await objectsOf(tenant, 'leads')).toEqual({ 1: { email: null, phone: '123', Shoe: '42' } });
  await tenant.client.put('leads_2.csv', 'Email,Id\n,1\n');
  await callbay.settle();
  expect(await storyOf(tenant, 'leads_2.csv')).toMatchObject({
    counts: { new: 0, changed: 0, unchanged: 1 },
  });
  await tenant.client.put('leads.csv', file);
  await callbay.settle();
  expect(await objectsOf(tenant, 'leads')).toEqual({ 1: { email: 'a@b.c', phone: '123', Shoe: '42' } });
});

test('case 87: an object keeps its identity whether its id comes with 15 or 18 characters', async () => {
  await using tenant = await callbay.openTenant();
  await tenant.client.put('accounts.csv', 'Id,Name\n001D000000IqhSL,One\n001D000000iqhsl,Other\n');
  await tenant.client.put('accounts2.csv', 'Id,Name\n001D000000IqhSLIAZ,First\n');
  await callbay.settle();
  expect(await objectsOf(tenant, 'accounts')).toEqual({
    '001D000000IqhSLIAZ': { name: 'First' },
    [canonicalExternalId('001D000000iqhsl')]: { name: 'Other' },
  });
});

test('case 67, 78: ragged and overlong rows are errors at their lines, the rest go in', async () => {
  await using tenant = await callbay.openTenant();
  const long = 'x'.repeat(70_000);
  await tenant.client.put(
    'cases.csv',
    `Id,Subject\r\n1,a\r\n2\r\n3,${long}\r\n4,"b\r\nc"\r\n5,d,e\r\n6,f\r\n`,
  );
  await callbay.settle();
  expect(await storyOf(tenant, 'cases.csv')).toMatchObject({
    code: 'CRM_IMPORTED',
    counts: { rows: 6, new: 3, errors: 3 },
    errors: [
      { line: 3, code: 'METADATA_INVALID' },
      { line: 4, code: 'ROW_TOO_LARGE' },
      { line: 7, code: 'METADATA_INVALID' },
    ],
  });
  expect(await objectsOf(tenant, 'cases')).toMatchObject({ 4: { subject: 'b\r\nc' } });
  const { warnings } = await tenant.client.receipt('cases.csv');
  expect(warnings).toMatchObject([{ at: 'line 3' }, { at: 'line 4' }, { at: 'line 7' }]);
});

test.each([
  ['DUPLICATE_HEADER', 'Id,Name,Name\n1,a,b\n'],
  ['SCHEMA_DRIFT', 'Name\na\n'],
  ['METADATA_INVALID', 'Id,Name\n1,"a\n'],
  ['METADATA_INVALID', 'Id,Name\n,a\n,b\n'],
  ['METADATA_INVALID', 'Id,Na\0me\n1,b\n'],
  ['METADATA_INVALID', ''],
  ['ROW_TOO_LARGE', `${Array.from({ length: 10_000 }, (_, n) => `c${n}`)}\n`],
])('a CRM file with nothing to use is rejected as a whole: %s', async (code, bytes) => {
  await using tenant = await callbay.openTenant();
  await tenant.client.put('accounts.csv', bytes);
  await callbay.settle();
  expect(await codesOf(callbay, tenant)).toEqual([`accounts.csv ${code}`]);
  expect(await tenant.client.list('/data/rejected')).toEqual(['accounts.csv']);
});

test('encodings of a CRM file are told apart, UTF-16 without a mark among them', async () => {
  await using tenant = await callbay.openTenant();
  const text = 'Id;Name\n1;Jürgen\n';
  await tenant.client.put('contacts1.csv', Buffer.from(text, 'utf16le'));
  await tenant.client.put('contacts2.csv', Buffer.from(text.replace('1;', '2;'), 'latin1'));
  await callbay.settle();
  expect(await objectsOf(tenant, 'contacts')).toEqual({ 1: { name: 'Jürgen' }, 2: { name: 'Jürgen' } });
});

const sendCall = async (tenant: TestTenant, stem: string, change: Record<string, string>): Promise<void> => {
  await tenant.client.put(`${stem}.json`, json(change));
  await tenant.client.put(`${stem}.wav`, makeWav({ seconds: 1, seed: stem.length }));
};

test('case 79: of CRM files and call metadata that wait together, the CRM files end first, with 50 workers too', async () => {
  await using idle = await startCallbay({ isIdle: true, concurrency: 50 });
  await using tenant = await idle.openTenant();
  for (let n = 1; n <= 10; n += 1) {
    if (n === 3 || n === 9) await tenant.client.put(`contacts-${n}.csv`, `Id,LastName\n7,Ann ${n}\n`);
    await sendCall(tenant, `20260302-10000${n % 10}_outbound_${n}`, { contactId: '7' });
  }
  await tenant.client.put('accounts.csv', 'Id,Name\n1,Big\n');
  await idle.startWorkers();
  await idle.settle();
  const [order] = await idle.db.query<{ imports: number; imported: Date; calls: number; surfaced: Date }>(
    `SELECT (SELECT count(*)::int FROM crm_imports WHERE tenant_id = $1 AND state = 'done') AS imports,
            (SELECT max(finished_at) FROM crm_imports WHERE tenant_id = $1) AS imported,
            (SELECT count(*)::int FROM calls WHERE tenant_id = $1 AND call_id IS NOT NULL) AS calls,
            (SELECT min(surfaced_at) FROM calls WHERE tenant_id = $1) AS surfaced`,
    [tenant.tenantId],
  );
  expect(order).toMatchObject({ imports: 3, calls: 10 });
  expect(order!.imported.getTime()).toBeLessThanOrEqual(order!.surfaced.getTime());
});

test('case 81: a CRM file that fails lets the calls go, and their references stay unresolved', async () => {
  await using tenant = await callbay.openTenant();
  await tenant.client.put('contacts.csv', 'LastName\nAnn\n');
  await sendCall(tenant, '20260302-100000_outbound_1', { contactId: '7' });
  await callbay.settle();
  expect(await codesOf(callbay, tenant)).toEqual([
    'contacts.csv SCHEMA_DRIFT',
    '20260302-100000_outbound_1.json SURFACED',
    '20260302-100000_outbound_1.wav SURFACED',
  ]);
  expect(await callsOf(callbay, tenant)).toHaveLength(1);
});

test('a published mapping lets a header tell a CRM file that its name does not', async () => {
  await using tenant = await callbay.openTenant();
  await callbay.db.execute(
    `INSERT INTO mapping_versions (tenant_id, kind, version, fields, options, published_by)
     VALUES ($1, 'contacts', 1, $2, '{}', 'test')`,
    [
      tenant.tenantId,
      JSON.stringify([
        { source: 'Person Key', target: 'externalId', type: 'id', required: true },
        { source: 'Born', target: 'born', type: 'instant', formats: ['dd.MM.yyyy HH:mm'] },
      ]),
    ],
  );
  await tenant.client.put('people.csv', 'Person Key,Born\n1,05.12.2024 06:00\n2,2024\n');
  await callbay.settle();
  expect(await objectsOf(tenant, 'contacts')).toEqual({ 1: { born: '2024-12-05T11:00:00.000Z' } });
  expect(await storyOf(tenant, 'people.csv')).toMatchObject({ errors: [{ line: 3 }] });
  // Over the limit of a sidecar, so that only its head is read to know it.
  const rows = Array.from({ length: 100_000 }, (_, n) => `${n},${'x'.repeat(80)}`).join('\n');
  await tenant.client.put('many.csv', `Person Key,Note\n${rows}\n`);
  await callbay.settle();
  expect(await storyOf(tenant, 'many.csv')).toMatchObject({
    code: 'CRM_IMPORTED',
    counts: { rows: 100_000, new: 99_999, changed: 1 },
  });
});

test('a CRM file that was rejected is replayed by a mapping that knows its columns', async () => {
  await using tenant = await callbay.openTenant();
  const { tenantId } = tenant;
  await tenant.client.put('contacts.csv', 'Person Key,LastName\n1,Ann\n');
  await callbay.settle();
  expect(await codesOf(callbay, tenant)).toEqual(['contacts.csv SCHEMA_DRIFT']);
  const fields = [{ source: 'Person Key', target: 'externalId', type: 'id' as const }];
  const by = { name: 'test', remoteAddress: null };
  await createMappingStore(callbay.db).publishMapping(tenantId, 'contacts', { fields }, null, by);
  const [file] = await callbay.db.query<{ id: string }>('SELECT id FROM files WHERE tenant_id = $1', [
    tenantId,
  ]);
  const replays = createReplayStore(callbay.db);
  expect(await replayFile({ replays, queue: callbay.deps.queue }, { tenantId, fileId: file!.id, by })).toBe(
    'replayed',
  );
  await callbay.settle();
  expect(await codesOf(callbay, tenant)).toEqual(['contacts.csv CRM_IMPORTED']);
  expect(await objectsOf(tenant, 'contacts')).toEqual({ 1: { LastName: 'Ann' } });
});

test('two files of one type that come at once are applied one after the other, the later one last', async () => {
  await using tenant = await callbay.openTenant();
  const rows = (name: string): string => Array.from({ length: 2_000 }, (_, n) => `${n},${name}`).join('\n');
  await Promise.all([
    tenant.client.put('leads-a.csv', `Id,LastName\n${rows('A')}\n`),
    tenant.client.put('leads-b.csv', `Id,LastName\n${rows('B')}\n`),
  ]);
  await callbay.settle();
  const [last] = await callbay.db.query<{ name: string }>(
    'SELECT name FROM files WHERE tenant_id = $1 ORDER BY receive_seq DESC LIMIT 1',
    [tenant.tenantId],
  );
  const expected = last?.name === 'leads-b.csv' ? 'B' : 'A';
  const objects = Object.values(await objectsOf(tenant, 'leads'));
  expect(objects).toHaveLength(2_000);
  expect(new Set(objects.map((fields) => fields.lastName))).toEqual(new Set([expected]));
});
