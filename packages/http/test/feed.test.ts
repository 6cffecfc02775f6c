import { afterAll, beforeAll, expect, test } from 'vitest';
import { startApi, type TestApi } from './support.ts';

const FEED = '/v1/tenants/acme/feed';
const SETTINGS = {
  brokers: ['kafka.example.com:9093'],
  topic: 'calls',
  sasl: { mechanism: 'SCRAM-SHA-512', username: 'callbay', password: 'very secret' },
};

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
  for (const id of ['acme', 'other']) await api.ask('POST /v1/tenants', { body: { id, name: id } });
});
afterAll(() => api[Symbol.asyncDispose]());

const put = (body: object) => api.ask(`PUT ${FEED}`, { body });

test('a feed is set, read, tested, replayed and deleted, and its password is never shown', async () => {
  expect((await api.ask(`GET ${FEED}`)).status).toBe(404);
  const made = await put(SETTINGS);
  expect(made.status).toBe(200);
  expect(made.body).toMatchObject({
    brokers: SETTINGS.brokers,
    envelope: 'strict',
    events: ['call.surfaced', 'call.analyzed'],
    tls: { ca: null },
    sasl: { mechanism: 'SCRAM-SHA-512', username: 'callbay', hasPassword: true },
    state: 'active',
  });
  expect((await api.ask(`GET ${FEED}`)).body).toEqual(made.body);
  expect((await api.ask(`POST ${FEED}/test`)).body).toMatchObject({ ok: false, code: 'FEED_UNREACHABLE' });
  expect((await api.ask(`GET ${FEED}/status`)).body).toMatchObject({
    lag: { events: 0, since: null },
    sent: 0,
  });
  const replay = await api.ask(`POST ${FEED}/replay`, { body: { from: '2026-03-01T00:00:00Z' } });
  expect([replay.status, replay.body]).toEqual([202, { events: 0 }]);
  const audited = (await api.ask('GET /v1/audit?tenantId=acme')).text;
  for (const action of ['feed.create', 'feed.replay']) expect(audited).toContain(action);
  for (const text of [made.text, audited]) expect(text).not.toContain('very secret');
  expect((await api.ask(`DELETE ${FEED}`)).status).toBe(204);
  expect((await api.ask(`GET ${FEED}/status`)).status).toBe(404);
});

test('a password is kept while the login stays the same, and never goes to other brokers', async () => {
  const { password: _password, ...sasl } = SETTINGS.sasl;
  expect((await put({ ...SETTINGS, sasl })).body.code).toBe('UNPROCESSABLE');
  await put(SETTINGS);
  const changed = await put({ ...SETTINGS, sasl, topic: 'other', compression: 'zstd' });
  expect(changed.body).toMatchObject({ topic: 'other', sasl: { hasPassword: true } });
  for (const more of [
    { brokers: ['evil.example.com:9093'] },
    { tls: null },
    { sasl: { ...sasl, username: 'root' } },
    { sasl: { ...sasl, mechanism: 'PLAIN' } },
  ]) {
    const refused = await put({ ...SETTINGS, sasl, ...more });
    expect([refused.status, refused.body.code]).toEqual([422, 'UNPROCESSABLE']);
    expect(refused.body.detail).toContain('sasl.password');
  }
});

test.each([
  ['brokers', { brokers: [] }],
  ['brokers[0]', { brokers: ['kafka.example.com'] }],
  ['topic', { topic: 'a topic' }],
  ['topic', { topic: '..' }],
  ['compression', { compression: 'rar' }],
  ['sasl.mechanism', { sasl: { mechanism: 'GSSAPI', username: 'a', password: 'b' } }],
  ['events[0]', { events: ['call.deleted'] }],
  ['maxMessageBytes', { maxMessageBytes: 10 }],
  ['directionIds.inbound', { directionIds: { inbound: 'one' } }],
  ['from', { from: 'yesterday' }],
])('a feed that is wrong at %s is refused, and nothing is stored', async (at, more) => {
  const path = '/v1/tenants/other/feed';
  const refused = await api.ask(`PUT ${path}`, { body: { ...SETTINGS, ...more } });
  expect(refused.status).toBe(400);
  const ats: string[] = refused.body.issues.map((issue: { at: string }) => issue.at);
  expect(ats.map((one) => one.replaceAll(/\.(\d+)/g, '[$1]'))).toContain(at);
  expect((await api.ask(`GET ${path}`)).status).toBe(404);
});

test('an extended feed has the events of calls unless it names others', async () => {
  const { body } = await put({ ...SETTINGS, envelope: 'extended' });
  expect(body.events).toEqual(['call.surfaced', 'call.updated', 'call.analyzed', 'call.deleted']);
  const all = await put({ ...SETTINGS, envelope: 'extended', events: ['file.rejected'] });
  expect(all.body.events).toEqual(['file.rejected']);
});
