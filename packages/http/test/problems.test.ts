import { CallbayError, ERROR_TABLE } from '@callbay/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startApi, type TestApi } from './support.ts';

let api: TestApi;

beforeAll(async () => {
  const refuse = async (): Promise<never> => {
    throw new Error('password=hunter2 at /srv/secret');
  };
  const away = async (): Promise<never> => {
    throw new CallbayError('UNAVAILABLE', 'The database is away or busy.');
  };
  api = await startApi({
    deps: { replays: { replayFile: refuse }, purges: { previewPurge: away, readClock: away } },
  });
  await api.ask('POST /v1/tenants', { body: { id: 'acme', name: 'Acme' } });
});

afterAll(() => api[Symbol.asyncDispose]());

test('a problem has its members, its type and the request id of its header', async () => {
  const { status, headers, body } = await api.ask('GET /v1/tenants/nobody');
  expect(status).toBe(404);
  expect(headers.get('content-type')).toBe('application/problem+json');
  expect(body).toEqual({
    type: 'urn:callbay:error:NOT_FOUND',
    title: ERROR_TABLE.NOT_FOUND.sentence,
    status: 404,
    detail: ERROR_TABLE.NOT_FOUND.fix,
    code: 'NOT_FOUND',
    issues: [],
    requestId: headers.get('x-request-id'),
  });
});

test('all problems of a body are told at once, each at its field', async () => {
  const { status, body } = await api.ask('POST /v1/tenants', {
    body: {
      id: 'ACME!',
      colour: 'red',
      timeZone: 'Mars/Olympus',
      settings: { crmWaitSeconds: 'x', shade: 1 },
    },
  });
  expect([status, body.code]).toEqual([400, 'BAD_REQUEST']);
  const found = body.issues.map(({ code, at }: { code: string; at: string }) => `${at} ${code}`).sort();
  expect(found).toEqual([
    'colour UNKNOWN_FIELD',
    'id FORMAT_INVALID',
    'name REQUIRED',
    'settings.crmWaitSeconds TYPE_INVALID',
    'settings.shade UNKNOWN_FIELD',
    'timeZone TIME_ZONE_UNKNOWN',
  ]);
});

test('a body that is missing where one is needed is told as such', async () => {
  const { status, body } = await api.ask('POST /v1/tenants');
  expect(status).toBe(400);
  expect(body.issues).toMatchObject([{ code: 'REQUIRED', at: null }]);
});

test.each([
  ['a missing comma', '{"id": "acme"\n "name": "Acme"}', 'JSON_INVALID', 'line 2 column 2'],
  ['an end too soon', '{"id": "acme"', 'JSON_INVALID', 'line 1 column 14'],
  ['a prototype', '{"__proto__": {"id": "x"}}', 'UNKNOWN_FIELD', '__proto__'],
])('JSON that cannot be read is refused with its place: %s', async (_title, text, code, at) => {
  const { status, body } = await api.ask('POST /v1/tenants', { body: text });
  expect(status).toBe(400);
  expect(body.issues).toMatchObject([{ code, at }]);
});

test('a body that is not UTF-8 is refused', async () => {
  const response = await fetch(`${api.url}/v1/tenants`, {
    method: 'POST',
    headers: { authorization: `Bearer ${api.operator}`, 'content-type': 'application/json' },
    body: Buffer.from([0x22, 0xff, 0x22]),
  });
  expect(await response.json()).toMatchObject({ code: 'BAD_REQUEST', issues: [{ code: 'UTF8_INVALID' }] });
});

test.each(['name\u0000', 'name\ud800'])('text that the database cannot hold is refused: %j', async (name) => {
  const { status, body } = await api.ask('POST /v1/tenants', { body: { id: 'texts', name } });
  expect(status).toBe(400);
  expect(body.issues).toMatchObject([{ code: 'TEXT_INVALID', at: 'name' }]);
});

test('a body over 1 MiB is refused', async () => {
  const { status, body } = await api.ask('POST /v1/tenants', { body: { id: 'a'.repeat(2 ** 20) } });
  expect([status, body.code]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
  expect(body.detail).toContain('At most 1048576 bytes');
});

test('a body that is not JSON is refused', async () => {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const { status, body } = await api.ask('POST /v1/tenants', { body: 'id=acme', headers });
  expect([status, body.code]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
});

test('a path that nobody knows is a 404, with and without a credential', async () => {
  for (const key of [null, api.operator]) {
    expect(await api.ask('GET /v1/nothing', { key })).toMatchObject({
      status: 404,
      body: { code: 'NOT_FOUND' },
    });
  }
});

test('a known path with another method is a 405 that names its methods', async () => {
  const { status, headers, body } = await api.ask('PUT /v1/tenants/acme', { body: {} });
  expect([status, body.code]).toEqual([405, 'METHOD_NOT_ALLOWED']);
  expect(headers.get('allow')).toBe('GET, HEAD, PATCH');
});

test('an unknown query parameter is refused by name', async () => {
  const { status, body } = await api.ask('GET /v1/tenants/acme/files?colour=red');
  expect(status).toBe(400);
  expect(body.issues).toMatchObject([{ code: 'UNKNOWN_FIELD', at: 'colour' }]);
});

test('a malformed escape in a path is a problem like any other', async () => {
  const { status, headers, body } = await api.ask('GET /v1/tenants/%ZZ');
  expect([status, body.code]).toEqual([404, 'NOT_FOUND']);
  expect(headers.get('content-type')).toBe('application/problem+json');
});

test('a fault of ours tells nothing but the request id', async () => {
  const { status, text, body } = await api.ask(
    'POST /v1/tenants/acme/files/00000000-0000-4000-8000-000000000000/replay',
  );
  expect([status, body.code]).toEqual([500, 'INTERNAL']);
  expect(text).not.toMatch(/hunter2|secret/);
});

test('a service that is away is a 503 that asks to come again', async () => {
  const { status, headers, body } = await api.ask('GET /v1/tenants/acme/purges/preview');
  expect([status, body.code]).toEqual([503, 'UNAVAILABLE']);
  expect(headers.get('retry-after')).toBe('5');
});

test('every answer carries the security headers and no CORS', async () => {
  for (const path of ['/health/live', '/v1/tenants', '/v1/nothing', '/openapi.json']) {
    const { headers } = await api.ask(`GET ${path}`, { headers: { origin: 'https://evil.example' } });
    expect(headers.get('x-content-type-options'), path).toBe('nosniff');
    expect(headers.get('cache-control'), path).toBe('no-store');
    expect(headers.get('content-security-policy'), path).toContain("default-src 'none'");
    expect(headers.get('access-control-allow-origin'), path).toBeNull();
    expect(headers.get('x-request-id'), path).toMatch(/^[0-9a-f-]{36}$/);
  }
});

test('case 111: a zone that times cannot be calculated by is TIME_ZONE_UNKNOWN, with the nearest ones', async () => {
  const { status, body } = await api.ask('POST /v1/tenants', {
    body: { id: 'zone', name: 'Zone', timeZone: 'BST' },
  });
  expect([status, body.code]).toEqual([422, 'TIME_ZONE_UNKNOWN']);
  expect(body.issues).toMatchObject([{ code: 'TIME_ZONE_UNKNOWN', at: 'timeZone' }]);
  expect(body.issues[0].message).toContain('Europe/London');
});
