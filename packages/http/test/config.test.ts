import { createCrmStore } from '@callbay/postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeCall, startApi, type TestApi } from './support.ts';

let api: TestApi;
let count = 0;

beforeAll(async () => {
  api = await startApi();
});

afterAll(() => api[Symbol.asyncDispose]());

async function newTenant(change: object = {}): Promise<string> {
  const id = `set-up-${++count}`;
  await api.ask('POST /v1/tenants', { body: { id, name: id, timeZone: 'UTC', ...change } });
  return id;
}

const get = async (id: string): Promise<string> => (await api.ask(`GET /v1/tenants/${id}/config`)).text;
const put = (id: string, body: string, query = '') =>
  api.ask(`PUT /v1/tenants/${id}/config${query}`, { body, headers: { 'content-type': 'application/yaml' } });

test('a set-up comes out as YAML that changes nothing when it goes in again', async () => {
  const id = await newTenant({
    settings: { sourcePrefixes: ['ringcentral_'], directions: { hot: 'inbound' } },
  });
  const answer = await api.ask(`GET /v1/tenants/${id}/config`);
  expect(answer.headers.get('content-type')).toBe('application/yaml; charset=utf-8');
  expect(answer.text).toContain('callbay: 1');
  const policies = () => api.db.query('SELECT version FROM tenant_policies WHERE tenant_id = $1', [id]);
  const before = await policies();
  expect((await put(id, answer.text)).body).toEqual({ dryRun: false, changes: [] });
  expect(await policies()).toEqual(before);
  expect(await get(id)).toBe(answer.text);
});

test('a tenant older than a setting has its default in the set-up, and no change of it', async () => {
  const id = await newTenant();
  await api.db.execute(`UPDATE tenants SET settings = settings - 'crmWaitSeconds' WHERE id = $1`, [id]);
  const text = await get(id);
  expect(text).toContain('crmWaitSeconds: 600');
  expect((await put(id, text)).body.changes).toEqual([]);
});

test('a set-up is repeated for another tenant, word for word', async () => {
  const one = await newTenant({ settings: { crmWaitSeconds: 5, directions: { hot: 'inbound', in: null } } });
  await api.ask(`PUT /v1/tenants/${one}/mappings/call`, {
    body: {
      fields: [
        { source: '0042', target: 'when', type: 'instant', formats: ['dd/MM/yyyy'], label: 'yes' },
        { source: 'a: b # c', target: 'kind', type: 'enum', aliases: { null: 'none', '1.10': 'one' } },
      ],
      options: { emptyWords: ['~', 'n/a'] },
    },
  });
  const other = await newTenant();
  expect((await put(other, await get(one))).status).toBe(200);
  expect(await get(other)).toBe(await get(one));
  const { body } = await api.ask(`GET /v1/tenants/${other}/mappings/call`);
  expect(body).toMatchObject({ version: 2, fields: [{ source: '0042' }, { aliases: { null: 'none' } }] });
});

test('a dry run answers the difference by its places and changes nothing', async () => {
  const id = await newTenant();
  const text = await get(id);
  const wanted = text.replace('crmWaitSeconds: 600', 'crmWaitSeconds: 60').replace('type: id', 'type: email');
  const { body } = await put(id, wanted, '?dryRun=true');
  expect(body).toEqual({
    dryRun: true,
    changes: [
      { at: 'settings.crmWaitSeconds', old: 600, new: 60 },
      { at: 'mappings.call.fields.user.type', old: 'id', new: 'email' },
    ],
  });
  expect(await get(id)).toBe(text);
  expect((await put(id, wanted)).body.changes).toEqual(body.changes);
  expect(await get(id)).toBe(wanted);
});

test('what a set-up leaves out has its default, and the policy reads by it at once', async () => {
  const id = await newTenant({ settings: { crmWaitSeconds: 5, directions: { hot: 'inbound' } } });
  const { status } = await put(
    id,
    'callbay: 1\nname: New\ntimeZone: Asia/Seoul\nmappings: {call: {fields: [{source: a, target: b, type: id}]}}\n',
  );
  expect(status).toBe(200);
  const { body } = await api.ask(`GET /v1/tenants/${id}`);
  expect(body).toMatchObject({ name: 'New', timeZone: 'Asia/Seoul', settings: { crmWaitSeconds: 600 } });
  expect(body.settings.directions.hot).toBeUndefined();
  const [row] = await api.db.query<{ policy: object }>(
    'SELECT policy FROM tenant_policies WHERE tenant_id = $1 ORDER BY version DESC LIMIT 1',
    [id],
  );
  expect(row?.policy).toMatchObject({
    timeZone: 'Asia/Seoul',
    mappingVersion: 2,
    settings: { crmWaitSeconds: 600 },
    mapping: { fields: [{ source: 'a', target: 'b', type: 'id' }] },
  });
});

describe('a set-up that is wrong is told whole, each problem at its place, and nothing of it is applied', () => {
  test('values', async () => {
    const id = await newTenant();
    const text = `callbay: 1
name: Acme
colour: red
timeZone: Mars/Olympus
settings:
  crmWaitSeconds: soon
  filenamePattern: "(?P<date>a)"
mappings:
  call:
    fields:
      - {source: a, target: startedAt, type: string}
      - {source: b, target: b, type: moment}
      - {source: c, target: b, type: id}
`;
    const { status, body } = await put(id, text);
    expect(status).toBe(400);
    const found = body.issues.map(({ code, at }: { code: string; at: string }) => `${code} ${at}`);
    expect(found).toEqual(
      expect.arrayContaining([
        'UNKNOWN_FIELD colour (line 3, column 1)',
        'TIME_ZONE_UNKNOWN timeZone (line 4, column 1)',
        'TYPE_INVALID settings.crmWaitSeconds (line 6, column 3)',
        'PATTERN_INVALID settings.filenamePattern (line 7, column 3)',
        'VALUE_NOT_ALLOWED mappings.call.fields[1].type (line 12, column 32)',
      ]),
    );
    expect((await api.ask(`GET /v1/tenants/${id}`)).body.name).toBe(id);
  });

  test('a mapping with a target twice', async () => {
    const id = await newTenant();
    const fields = '[{source: b, target: b, type: id}, {source: c, target: b, type: id}]';
    const { body } = await put(
      id,
      `callbay: 1\nname: A\ntimeZone: null\nmappings: {call: {fields: ${fields}}}\n`,
    );
    expect(body.issues).toMatchObject([
      { code: 'MAPPING_INVALID', at: expect.stringMatching(/^mappings\.call\.fields\[1\]\.target \(line 4/) },
    ]);
  });

  test.each([
    ['a list that is not closed', 'a: [1', 'YAML_INVALID'],
    ['a key twice', 'a: 1\na: 2\n', 'YAML_INVALID'],
    ['two documents', 'a: 1\n---\nb: 2\n', 'YAML_INVALID'],
    ['a key of the prototype', '__proto__: {a: 1}\n', 'YAML_INVALID'],
    ['twenty thousand brackets', '['.repeat(20_000), 'YAML_INVALID'],
    [
      'an alias bomb',
      `a: &a [x,x]\n${'bcdefghi'
        .split('')
        .map((c, n) => `${c}: &${c} [${Array(9).fill(`*${'abcdefgh'[n]}`).join()}]`)
        .join('\n')}\n`,
      'YAML_INVALID',
    ],
    ['nothing', '', 'REQUIRED'],
    ['blanks', '  \n', 'YAML_INVALID'],
    ['a scalar', 'hello', 'TYPE_INVALID'],
  ])('%s', async (_title, text, code) => {
    const id = await newTenant();
    const { status, body } = await put(id, text);
    expect([status, body.issues[0]?.code]).toEqual([400, code]);
  });

  test('a pattern that would grow without end, at once; one that only looks so is matched in linear time', async () => {
    const id = await newTenant();
    const text = await get(id);
    const withPattern = (pattern: string) =>
      put(id, text.replace('filenamePattern: null', `filenamePattern: '${pattern}'`));
    const startedAt = performance.now();
    const { body } = await withPattern('(?P<rest>(((a{200}){200}){200})*)');
    expect(body.issues).toMatchObject([{ code: 'PATTERN_INVALID' }]);
    expect((await withPattern('(?P<rest>(a+)+b)')).status).toBe(200);
    const name = `${'a'.repeat(240)}.csv`;
    const sample = await fetch(`${api.url}/v1/tenants/${id}/mapping-samples?name=${name}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${api.operator}`, 'content-type': 'text/csv' },
      body: 'a\n1\n',
    });
    expect(sample.status).toBe(200);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  test('a file over 1 MiB', async () => {
    const id = await newTenant();
    expect((await put(id, `# ${'x'.repeat(2 ** 20)}\n`)).status).toBe(413);
  });

  test('a live tenant without a time zone', async () => {
    const id = await newTenant({ stage: 'live' });
    const text = (await get(id))
      .replace('timeZone: UTC', 'timeZone: null')
      .replace(`name: ${id}`, 'name: Other');
    const { status, body } = await put(id, text);
    expect([status, body.code]).toEqual([422, 'TIME_ZONE_REQUIRED']);
    expect(await get(id)).toContain(`name: ${id}`);
  });
});

test('case 57: a shorter retention that would remove many calls wants to be confirmed here too', async () => {
  const id = await newTenant();
  for (let n = 0; n < 101; n++) await makeCall(api.db, id, { startedAt: '2020-01-01T00:00:00Z' });
  const text = (await get(id)).replace('notEvaluatedDays: null', 'notEvaluatedDays: 1');
  expect((await put(id, text)).status).toBe(409);
  expect((await put(id, text, '?confirm=true')).status).toBe(200);
});

test('a set-up holds no secret, and applying one is audited', async () => {
  const id = await newTenant();
  await api.ask(`POST /v1/tenants/${id}/sftp-users`, { body: {} });
  const text = await get(id);
  expect(text).not.toMatch(/ssh-|key|scrypt|secret/i);
  await put(id, text.replace(`name: ${id}`, 'name: Renamed'));
  const { body } = await api.ask(`GET /v1/audit?tenantId=${id}&action=tenant.update`);
  expect(body.items).toHaveLength(1);
});

describe('mappings of CRM files', () => {
  const contacts = { fields: [{ source: 'Id', target: 'externalId', type: 'id', required: true }] };
  const versionsOf = async (id: string, kind: string): Promise<unknown[]> =>
    (await api.ask(`GET /v1/tenants/${id}/mappings/${kind}/versions`)).body.items;

  test('come out beside that of calls, and go in for another tenant, each kind by itself', async () => {
    const one = await newTenant();
    await api.ask(`PUT /v1/tenants/${one}/mappings/contacts`, { body: contacts });
    const text = await get(one);
    expect(text).toContain('  contacts:');
    expect(text).not.toContain('leads');
    const other = await newTenant();
    expect((await put(other, text)).body.changes).toEqual([
      { at: 'name', old: other, new: one },
      { at: 'mappings.contacts', new: { ...contacts, options: {} } },
    ]);
    expect(await get(other)).toBe(text);
    expect((await put(other, text)).body.changes).toEqual([]);
    expect(await versionsOf(other, 'contacts')).toHaveLength(1);
    expect(await versionsOf(other, 'call')).toHaveLength(1);
    expect(await versionsOf(other, 'leads')).toEqual([]);
  });

  test('that are left out are taken back: the preset reads again, and the set-up says so', async () => {
    const id = await newTenant();
    const bare = await get(id);
    await api.ask(`PUT /v1/tenants/${id}/mappings/contacts`, { body: contacts });
    expect((await put(id, bare, '?dryRun=true')).body.changes).toMatchObject([{ at: 'mappings.contacts' }]);
    expect((await createCrmStore(api.db).findMappings(id)).get('contacts')).toMatchObject({ version: 1 });
    expect((await put(id, bare)).body.changes).toMatchObject([{ at: 'mappings.contacts' }]);
    expect(await createCrmStore(api.db).findMappings(id)).toEqual(new Map());
    expect(await get(id)).toBe(bare);
    expect((await put(id, bare)).body.changes).toEqual([]);
  });

  test('that are wrong are told at their places, and nothing else of the set-up is applied', async () => {
    const id = await newTenant();
    const text = (await get(id)).replace(`name: ${id}`, 'name: Other');
    const { status, body } = await put(
      id,
      `${text}\n  leads: {fields: [{source: a, target: b, type: id}]}\n`,
    );
    expect(status).toBe(400);
    expect(body.issues).toMatchObject([
      { code: 'MAPPING_INVALID', at: expect.stringMatching(/^mappings\.leads\.fields/) },
    ]);
    expect((await api.ask(`GET /v1/tenants/${id}`)).body.name).toBe(id);
  });
});

test('every setting goes round, and what a set-up leaves out of it is gone', async () => {
  const id = await newTenant();
  const bare = await get(id);
  await api.ask(`PATCH /v1/tenants/${id}`, {
    body: {
      settings: {
        crmFiles: { contacts: ['people_.*'], leads: [] },
        linkage: { threshold: 9, margin: 2 },
        alerts: { emails: ['ops@acme.test'], webhookUrl: 'https://hooks.acme.test/in' },
        expectedUsers: ['ann'],
      },
    },
  });
  const full = await get(id);
  for (const part of ['people_', 'threshold: 9', 'ops@acme.test', 'hooks.acme.test', 'ann'])
    expect(full).toContain(part);
  const less = full.replace(/\n {4}leads: \[\]/, '');
  expect(less).not.toBe(full);
  expect((await put(id, less)).body.changes).toEqual([{ at: 'settings.crmFiles.leads', old: [] }]);
  expect(await get(id)).toBe(less);
  expect((await put(id, bare)).status).toBe(200);
  expect(await get(id)).toBe(bare);
  expect((await put(id, bare)).body.changes).toEqual([]);
  const other = await newTenant();
  await put(other, full);
  expect(await get(other)).toBe(full.replace(`name: ${other}`, `name: ${id}`));
});

test('the secret of a webhook and every key stay out of the set-up', async () => {
  const id = await newTenant({ settings: { alerts: { webhookUrl: 'https://hooks.acme.test/in' } } });
  const made = await api.ask(`POST /v1/tenants/${id}/alerts/webhook-secret`);
  const key = await api.ask('POST /v1/api-keys', { body: { role: 'tenant', tenantIds: [id], label: 'x' } });
  expect([made.status, key.status]).toEqual([201, 201]);
  const text = await get(id);
  expect(text).not.toContain(made.body.secret);
  expect(text).not.toContain(key.body.key);
});

describe('a set-up for a tenant that does not exist', () => {
  const setUp = 'callbay: 1\nname: New\ntimeZone: UTC\nmappings:\n  call:\n    fields: []\n';

  test('makes it for an operator who asks for that, and a dry run makes nothing', async () => {
    expect((await put('new-1', setUp)).status).toBe(404);
    const dry = await put('new-1', setUp, '?create=true&dryRun=true');
    expect(dry.body).toMatchObject({ dryRun: true, isNew: true });
    expect((await api.ask('GET /v1/tenants/new-1')).status).toBe(404);
    expect((await put('new-1', setUp, '?create=true')).body).toMatchObject({ dryRun: false, isNew: true });
    expect((await api.ask('GET /v1/tenants/new-1')).body).toMatchObject({ name: 'New', timeZone: 'UTC' });
    expect((await put('new-1', setUp, '?create=true')).body).toEqual({ dryRun: false, changes: [] });
  });

  test('that is refused leaves no tenant', async () => {
    const wrong = setUp.replace('UTC', 'Nowhere/None');
    expect((await put('new-2', wrong, '?create=true')).status).toBe(422);
    expect((await api.ask('GET /v1/tenants/new-2')).status).toBe(404);
  });

  test('is not found for anybody but an operator', async () => {
    const id = await newTenant();
    const key = await api.makeKey('manager', [id]);
    const ask = (tenant: string) =>
      api.ask(`PUT /v1/tenants/${tenant}/config?create=true`, {
        key,
        body: setUp,
        headers: { 'content-type': 'application/yaml' },
      });
    expect((await ask('new-3')).status).toBe(404);
    expect((await ask(id)).status).toBe(403);
  });
});
