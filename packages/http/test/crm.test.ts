import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeCall, makeCrmObject, startApi, type TestApi } from './support.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
  await api.ask('POST /v1/tenants', { body: { id: 'acme', name: 'Acme', timeZone: 'UTC' } });
});
afterAll(() => api[Symbol.asyncDispose]());

const TENANT = '/v1/tenants/acme';

test('case 88: a contact that names an unknown account is shown, its reference unresolved until the account comes', async () => {
  await makeCrmObject(api.db, 'acme', {
    externalId: '1',
    fields: { lastName: 'Ann', accountId: '001D000000IqhSL' },
    refs: { accountId: '001D000000IqhSLIAZ' },
  });
  const before = await api.ask(`GET ${TENANT}/crm/contacts/1`);
  expect(before.body).toMatchObject({
    fields: { lastName: 'Ann', accountId: '001D000000IqhSL' },
    references: { accountId: { type: 'accounts', externalId: '001D000000IqhSLIAZ', isResolved: false } },
  });
  const unresolved = await api.ask(`GET ${TENANT}/crm/unresolved`);
  expect(unresolved.body.items).toEqual([
    {
      from: { type: 'contacts', id: '1', callId: null },
      field: 'accountId',
      type: 'accounts',
      externalId: '001D000000IqhSLIAZ',
    },
  ]);
  await makeCrmObject(api.db, 'acme', {
    type: 'accounts',
    externalId: '001D000000IqhSLIAZ',
    fields: { name: 'Big' },
  });
  const after = await api.ask(`GET ${TENANT}/crm/contacts/1`);
  expect(after.body.references.accountId.isResolved).toBe(true);
  expect((await api.ask(`GET ${TENANT}/crm/unresolved`)).body.items).toEqual([]);
  // The 15 and the 18 characters are one object.
  expect((await api.ask(`GET ${TENANT}/crm/accounts/001D000000IqhSL`)).body.fields).toEqual({ name: 'Big' });
});

test('a call shows what it refers to as it is today, beside the ids that its metadata gave', async () => {
  const callId = await makeCall(api.db, 'acme', {
    fields: { contactId: 'c-9', leadId: 'nobody', note: 'x' },
  });
  await makeCrmObject(api.db, 'acme', { externalId: 'c-9', fields: { lastName: 'Nine' } });
  const { body } = await api.ask(`GET ${TENANT}/calls/${callId}`);
  expect(body.fields).toEqual({ contactId: 'c-9', leadId: 'nobody', note: 'x' });
  expect(body.crm).toMatchObject({
    contactId: { type: 'contacts', externalId: 'c-9', isResolved: true, fields: { lastName: 'Nine' } },
    leadId: { type: 'leads', externalId: 'nobody', isResolved: false, fields: {}, updatedAt: null },
  });
  await api.db.execute(`UPDATE crm_objects SET fields = '{"lastName":"Neun"}' WHERE external_id = 'c-9'`);
  const list = await api.ask(`GET ${TENANT}/calls`);
  expect(list.body.items[0].crm.contactId.fields).toEqual({ lastName: 'Neun' });
  expect(list.body.items[0].revision).toBe(1);
  const patched = await api.ask(`PATCH ${TENANT}/calls/${callId}`, { body: { evaluated: true } });
  expect(patched.body.crm.contactId.fields).toEqual({ lastName: 'Neun' });
});

test('objects and unresolved references are listed page by page, each once', async () => {
  await api.ask('POST /v1/tenants', { body: { id: 'paged', name: 'Paged', timeZone: 'UTC' } });
  for (let n = 0; n < 7; n += 1)
    await makeCrmObject(api.db, 'paged', {
      type: 'leads',
      externalId: `l${n}`,
      fields: {},
      refs: { accountId: `a${n}`, caseId: null },
    });
  const callId = await makeCall(api.db, 'paged', { callKey: 'stem:x' });
  await api.db.execute(
    `INSERT INTO crm_call_references (tenant_id, call_key, field, to_type, to_id)
     VALUES ('paged', 'stem:x', 'caseId', 'cases', '1'), ('paged', 'stem:x', 'leadId', 'leads', 'gone')`,
  );
  for (const [list, count] of [
    ['crm/leads', 7],
    ['crm/unresolved', 9],
  ] as const) {
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const query = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const { body } = await api.ask(`GET /v1/tenants/paged/${list}?limit=2${query}`);
      seen.push(...body.items.map((item: unknown) => JSON.stringify(item)));
      cursor = body.nextCursor;
    }
    expect(new Set(seen).size).toBe(count);
    expect(seen).toHaveLength(count);
    if (list === 'crm/unresolved')
      expect(JSON.parse(seen[0]!).from).toEqual({ type: 'calls', id: 'stem:x', callId });
  }
});

test('a mapping of a CRM type is published by itself, and must say which column is the id', async () => {
  const fields = [{ source: 'Key', target: 'externalId', type: 'id' }];
  expect((await api.ask(`GET ${TENANT}/mappings/contacts`)).status).toBe(404);
  const refused = await api.ask(`PUT ${TENANT}/mappings/contacts`, {
    body: { fields: [{ source: 'Key', target: 'name', type: 'string' }] },
  });
  expect(refused.status).toBe(400);
  expect(refused.body.issues[0].code).toBe('MAPPING_INVALID');
  const published = await api.ask(`PUT ${TENANT}/mappings/contacts`, { body: { fields } });
  expect(published.body).toMatchObject({ kind: 'contacts', version: 1, fields });
  expect((await api.ask(`GET ${TENANT}/mappings/call`)).body.version).toBe(1);
});

test('patterns of CRM file names are settings, merged by type, and refused where they are no RE2', async () => {
  const patch = (crmFiles: unknown) => api.ask(`PATCH ${TENANT}`, { body: { settings: { crmFiles } } });
  expect((await patch({ contacts: ['people_.*'], leads: ['x'] })).body.settings.crmFiles).toEqual({
    contacts: ['people_.*'],
    leads: ['x'],
  });
  expect((await patch({ leads: null })).body.settings.crmFiles).toEqual({ contacts: ['people_.*'] });
  const refused = await patch({ contacts: ['(?=x)'] });
  expect(refused.status).toBe(400);
  expect(refused.body.issues[0]).toMatchObject({ code: 'PATTERN_INVALID' });
});
