import { afterAll, beforeAll, expect, test } from 'vitest';
import { startApi, type TestApi } from './support.ts';

const URL_OF_ALL = '/v1/tenants/acme/webhooks';
const RECEIVER = 'https://hooks.example.com/callbay';
const NOBODY = '00000000-0000-4000-8000-000000000000';

let api: TestApi;
beforeAll(async () => {
  api = await startApi({
    options: { resolveHost: async (host) => (host.startsWith('inner') ? ['10.0.0.1'] : []) },
  });
  for (const id of ['acme', 'other']) await api.ask('POST /v1/tenants', { body: { id, name: id } });
});
afterAll(() => api[Symbol.asyncDispose]());

const create = async (body: object = { url: RECEIVER }) => api.ask(`POST ${URL_OF_ALL}`, { body });

test('a webhook is made, listed, changed and deleted, and its secret is shown once', async () => {
  const made = await create({ url: RECEIVER, label: 'crm', events: ['call.surfaced', 'call.deleted'] });
  expect(made.status).toBe(201);
  expect(made.body.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  const one = `${URL_OF_ALL}/${made.body.id}`;
  const { secret: _secret, ...shown } = made.body;
  expect((await api.ask(`GET ${one}`)).body).toEqual(shown);
  expect(shown).toMatchObject({ state: 'active', label: 'crm', unread: 0, failing: null });
  expect((await api.ask(`GET ${URL_OF_ALL}`)).body.items).toEqual([shown]);

  const paused = await api.ask(`PATCH ${one}`, { body: { state: 'paused', label: null } });
  expect(paused.body).toMatchObject({ state: 'paused', label: null, events: shown.events });
  expect(paused.body.secret).toBeUndefined();
  const rotated = await api.ask(`PATCH ${one}`, { body: { rotateSecret: true } });
  expect(rotated.body.secret).toMatch(/^whsec_/);
  expect(rotated.body.secret).not.toBe(made.body.secret);
  expect(rotated.body.oldSecretUntil).not.toBeNull();

  expect((await api.ask(`GET ${one}/deliveries`)).body).toEqual({ items: [], nextCursor: null });
  const replay = await api.ask(`POST ${one}/replay`, { body: { from: '2026-03-01T00:00:00Z' } });
  expect([replay.status, replay.body]).toEqual([202, { events: 0 }]);

  expect((await api.ask(`DELETE ${one}`)).status).toBe(204);
  expect((await api.ask(`GET ${one}`)).status).toBe(404);
  const { body } = await api.ask('GET /v1/audit?tenantId=acme');
  expect(body.items.map(({ action }: { action: string }) => action)).toEqual(
    expect.arrayContaining(['webhook.create', 'webhook.update', 'webhook.replay', 'webhook.delete']),
  );
  expect(JSON.stringify(body)).not.toContain(made.body.secret);
});

test.each([
  ['url', { url: 'no url' }],
  ['url', { url: 'https://user:secret@example.com/' }],
  ['events', { url: RECEIVER, events: [] }],
  ['events.0', { url: RECEIVER, events: ['call.vanished'] }],
  ['events', { url: RECEIVER, events: ['call.deleted', 'call.deleted'] }],
  ['colour', { url: RECEIVER, colour: 'red' }],
])('a body that is wrong at %s is refused, and nothing is stored', async (at, body) => {
  const before = (await api.ask(`GET ${URL_OF_ALL}`)).body.items.length;
  const refused = await create(body);
  expect(refused.status).toBe(400);
  expect(JSON.stringify(refused.body.issues)).toContain(at.split('.')[0]);
  expect((await api.ask(`GET ${URL_OF_ALL}`)).body.items).toHaveLength(before);
});

test.each([
  'http://hooks.example.com/',
  'https://127.0.0.1/',
  'https://inner.example.com/',
  'https://[::1]/',
  'https://localhost/',
])('an address that is not public is refused: %s', async (url) => {
  const refused = await create({ url });
  expect([refused.status, refused.body.code]).toEqual([422, 'WEBHOOK_ADDRESS_FORBIDDEN']);
  const { body } = await create();
  const changed = await api.ask(`PATCH ${URL_OF_ALL}/${body.id}`, { body: { url } });
  expect(changed.body.code).toBe('WEBHOOK_ADDRESS_FORBIDDEN');
  await api.ask(`DELETE ${URL_OF_ALL}/${body.id}`);
});

test('a webhook of another tenant and one that is not there give the same answer', async () => {
  const { body } = await create();
  for (const id of [body.id, NOBODY])
    for (const ask of [`GET /v1/tenants/other/webhooks/${id}`, `DELETE /v1/tenants/other/webhooks/${id}`])
      expect((await api.ask(ask)).status).toBe(404);
  expect((await api.ask(`GET /v1/tenants/other/webhooks/${body.id}/deliveries`)).status).toBe(404);
  expect((await api.ask(`GET ${URL_OF_ALL}/${body.id}`)).status).toBe(200);
  const key = await api.makeKey('tenant', ['acme']);
  expect((await api.ask(`GET ${URL_OF_ALL}`, { key })).status).toBe(403);
});

test('a tenant has at most 20 webhooks', async () => {
  for (let n = (await api.ask(`GET ${URL_OF_ALL}?limit=500`)).body.items.length; n < 20; n += 1)
    expect((await create()).status).toBe(201);
  const refused = await create();
  expect([refused.status, refused.body.code]).toEqual([409, 'CONFLICT']);
});
