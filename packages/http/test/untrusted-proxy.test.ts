import { expect, test } from 'vitest';
import { startApi } from './support.ts';

test('a request that names a proxy is reported while no proxy is trusted, if its credential is good', async () => {
  let seen = 0;
  await using api = await startApi({ deps: { untrustedProxy: () => (seen += 1) } });
  const ask = (headers: Record<string, string>, key: string | null = api.operator) =>
    api.ask('GET /v1/tenants', { key, headers });
  await ask({});
  await ask({ 'x-forwarded-for': '203.0.113.9' }, null);
  expect(seen).toBe(0);
  await ask({ 'x-forwarded-for': '203.0.113.9' });
  await ask({ forwarded: 'for=203.0.113.9' });
  expect(seen).toBe(2);
});

test('a trusted proxy is believed, so that an audited change has the address of the client', async () => {
  let seen = 0;
  const deps = { untrustedProxy: () => (seen += 1) };
  await using api = await startApi({ deps, options: { trustProxy: ['127.0.0.1'] } });
  const headers = { 'x-forwarded-for': '203.0.113.9' };
  await api.ask('POST /v1/tenants', { body: { id: 'acme', name: 'Acme' }, headers });
  const { body } = await api.ask('GET /v1/audit?tenantId=acme');
  expect(body.items[0].remoteAddress).toBe('203.0.113.9');
  expect(seen).toBe(0);
});
