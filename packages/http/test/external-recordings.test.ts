import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { makeFile, makeMatch, startApi, type TestApi } from './support.ts';

let api: TestApi;
let tenant: string;
let count = 0;

beforeAll(async () => {
  api = await startApi();
});
beforeEach(async () => {
  count += 1;
  const id = `acme-${count}`;
  tenant = `/v1/tenants/${id}`;
  const made = await api.ask('POST /v1/tenants', {
    body: { id, name: id, settings: { sourcePrefixes: ['zoom_'] } },
  });
  expect(made.status).toBe(201);
});
afterAll(() => api[Symbol.asyncDispose]());

const ITEM = {
  source: 'zoom',
  id: 'a1',
  fields: { startedAt: '2026-03-02T10:00:00+01:00', queue: 'sales', vip: true },
};
const register = (body: unknown) => api.ask(`POST ${tenant}/external-recordings`, { body });

test('a recording is registered once, keeps its fields as they came, and is a file without bytes', async () => {
  const made = await register(ITEM);
  expect(made.status).toBe(201);
  expect(made.body).toMatchObject({
    source: 'zoom',
    id: 'a1',
    fields: ITEM.fields,
    callKey: 'stem:a1',
    callId: null,
  });
  const again = await register({ ...ITEM, fields: { user: 'ann' } });
  expect(again.status).toBe(200);
  expect(again.body).toMatchObject({ fileId: made.body.fileId, fields: { user: 'ann' } });

  const file = await api.ask(`GET ${tenant}/files/${made.body.fileId}`);
  expect(file.body).toMatchObject({
    drop: 'external',
    name: 'zoom_a1',
    kind: 'recording',
    sizeBytes: 0,
    state: 'received',
    location: null,
    purgeAt: null,
  });
  const list = await api.ask(`GET ${tenant}/external-recordings`);
  expect(list.body.items).toEqual([again.body]);
});

test('many are registered at once and listed page by page, newest first', async () => {
  const items = Array.from({ length: 1000 }, (_, n) => ({ source: 'zoom', id: `n${n}`, fields: {} }));
  const made = await register({ items });
  expect(made.status).toBe(200);
  expect(made.body.items.map((item: { id: string }) => item.id)).toEqual(items.map(({ id }) => id));
  const page = await api.ask(`GET ${tenant}/external-recordings?limit=2`);
  expect(page.body.items.map((item: { id: string }) => item.id)).toEqual(['n999', 'n998']);
  const next = await api.ask(`GET ${tenant}/external-recordings?limit=1&cursor=${page.body.nextCursor}`);
  expect(next.body.items[0].id).toBe('n997');
});

test('of one named twice in a request the last counts', async () => {
  const made = await register({ items: [ITEM, { ...ITEM, fields: { user: 'bob' } }] });
  expect(made.body.items).toHaveLength(2);
  expect(made.body.items[1]).toMatchObject({ fields: { user: 'bob' } });
  expect((await api.ask(`GET ${tenant}/external-recordings`)).body.items).toHaveLength(1);
});

test.each([
  ['no id', { source: 'zoom' }, 'REQUIRED', 'id'],
  ['a slash in the id', { source: 'zoom', id: '../a' }, 'FORMAT_INVALID', 'id'],
  ['a source with a space', { source: 'zo om', id: 'a' }, 'FORMAT_INVALID', 'source'],
  ['a nested field', { source: 'zoom', id: 'a', fields: { x: { y: 1 } } }, 'TYPE_INVALID', 'fields.x'],
  [
    'a time without a zone',
    { source: 'zoom', id: 'a', fields: { startedAt: '2026-03-02T10:00:00' } },
    'FORMAT_INVALID',
    'fields.startedAt',
  ],
  ['one bad of many', { items: [ITEM, { source: 'zoom' }] }, 'REQUIRED', 'items[1].id'],
  ['none', { items: [] }, 'OUT_OF_RANGE', 'items'],
  [
    'over 1,000',
    { items: Array.from({ length: 1001 }, (_, n) => ({ source: 'z', id: `${n}` })) },
    'OUT_OF_RANGE',
    'items',
  ],
  [
    'over 50 fields',
    {
      source: 'zoom',
      id: 'a',
      fields: Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`f${n}`, 1])),
    },
    'INVALID',
    'fields',
  ],
])('%s is refused at its place', async (_title, body, code, at) => {
  const { status, body: problem } = await register(body);
  expect(status).toBe(400);
  expect(problem.issues[0]).toMatchObject({ code, at });
});

test('only who manages a tenant registers and decides; a tenant’s key reads', async () => {
  const id = tenant.split('/').at(-1)!;
  const matchId = await makeMatch(api.db, id);
  const key = await api.makeKey('tenant', [id]);
  for (const line of [`POST ${tenant}/external-recordings`, `POST ${tenant}/matches/${matchId}/accept`]) {
    expect((await api.ask(line, { key, body: ITEM })).status).toBe(403);
  }
  expect((await api.ask(`GET ${tenant}/matches?state=proposed`, { key })).body.items).toMatchObject([
    { id: matchId },
  ]);
});

test('a match is accepted once, with its audit, and refused never after', async () => {
  const matchId = await makeMatch(api.db, tenant.split('/').at(-1)!);
  const accept = () => api.ask(`POST ${tenant}/matches/${matchId}/accept`);
  const first = await accept();
  expect(first.status).toBe(200);
  expect(first.body).toMatchObject({
    id: matchId,
    state: 'accepted',
    decidedBy: expect.stringContaining('test'),
  });
  expect((await accept()).body).toEqual(first.body);
  const refuse = await api.ask(`POST ${tenant}/matches/${matchId}/refuse`);
  expect([refuse.status, refuse.body.code]).toEqual([409, 'CONFLICT']);
  const { body } = await api.ask(`GET /v1/audit?tenantId=${tenant.split('/').at(-1)}&action=match.accept`);
  expect(body.items).toMatchObject([{ target: matchId }]);
});

test('what has found its other half meanwhile cannot be accepted', async () => {
  const id = tenant.split('/').at(-1)!;
  const matchId = await makeMatch(api.db, id);
  const { body } = await api.ask(`GET ${tenant}/matches`);
  const { name } = body.items[0].record;
  await makeFile(api.db, id, { name: name.replace('.json', '.wav') });
  const { status } = await api.ask(`POST ${tenant}/matches/${matchId}/accept`);
  expect(status).toBe(409);
  expect((await api.ask(`GET ${tenant}/matches`)).body.items).toMatchObject([{ state: 'proposed' }]);
});

test('a refusal is kept with who refused, and leaves the list of proposals', async () => {
  const matchId = await makeMatch(api.db, tenant.split('/').at(-1)!);
  const { body } = await api.ask(`POST ${tenant}/matches/${matchId}/refuse`);
  expect(body).toMatchObject({ state: 'refused' });
  expect((await api.ask(`GET ${tenant}/matches?state=proposed`)).body.items).toEqual([]);
  expect((await api.ask(`GET ${tenant}/matches?fileId=${body.recording.fileId}`)).body.items).toHaveLength(1);
});

test('the limits of linkage are settings of the tenant, each changed by itself', async () => {
  const { body } = await api.ask(`PATCH ${tenant}`, { body: { settings: { linkage: { threshold: 12 } } } });
  expect(body.settings.linkage).toEqual({ threshold: 12, margin: 4 });
  const wrong = await api.ask(`PATCH ${tenant}`, { body: { settings: { linkage: { margin: -1 } } } });
  expect(wrong.status).toBe(400);
});
