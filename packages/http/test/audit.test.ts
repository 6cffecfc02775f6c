import { afterAll, beforeAll, expect, test } from 'vitest';
import { startApi, type TestApi } from './support.ts';

let api: TestApi;

beforeAll(async () => {
  api = await startApi();
  for (const id of ['acme', 'acme2']) await api.ask('POST /v1/tenants', { body: { id, name: id } });
});

afterAll(() => api[Symbol.asyncDispose]());

test('an operator reads all of the audit, newest first, page by page', async () => {
  const first = await api.ask('GET /v1/audit?limit=2');
  expect(first.body.items.map(({ tenantId }: { tenantId: string }) => tenantId)).toEqual(['acme2', 'acme']);
  const rest = await api.ask(`GET /v1/audit?limit=2&cursor=${first.body.nextCursor}`);
  expect(rest.body.items).toMatchObject([{ action: 'apiKey.create', tenantId: null }]);
  expect(rest.body.nextCursor).toBeNull();
});

test('a manager reads what concerns its tenants, and a foreign one is not there', async () => {
  const key = await api.makeKey('manager', ['acme']);
  const { body } = await api.ask('GET /v1/audit', { key });
  expect(new Set(body.items.map(({ tenantId }: { tenantId: string }) => tenantId))).toEqual(
    new Set(['acme']),
  );
  expect((await api.ask('GET /v1/audit?tenantId=acme', { key })).status).toBe(200);
  for (const tenantId of ['acme2', 'absent']) {
    expect((await api.ask(`GET /v1/audit?tenantId=${tenantId}`, { key })).status).toBe(404);
  }
});

test('behind a trusted proxy the audit names the client, and nobody else can make it', async () => {
  const headers = { 'x-forwarded-for': '198.51.100.7' };
  const addressAfter = async (server: TestApi) => {
    await server.ask('POST /v1/tenants', { body: { id: 'proxied', name: 'x' }, headers });
    return (await server.ask('GET /v1/audit?tenantId=proxied')).body.items[0].remoteAddress;
  };
  expect(await addressAfter(api)).toBe('127.0.0.1');
  await using trusting = await startApi({ options: { trustProxy: ['127.0.0.0/8'] } });
  expect(await addressAfter(trusting)).toBe('198.51.100.7');
});
