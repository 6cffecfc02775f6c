import { afterAll, beforeAll, expect, test } from 'vitest';
import { startApi, type TestApi } from './support.ts';

const ADDRESSES: Readonly<Record<string, readonly string[]>> = {
  'private.example.com': ['10.0.0.7'],
  'mixed.example.com': ['1.1.1.1', '::1'],
  'public.example.com': ['1.1.1.1'],
};

const resolveHost = async (host: string) => ADDRESSES[host] ?? [];

let strict: TestApi;
let onPremise: TestApi;

beforeAll(async () => {
  strict = await startApi({ options: { resolveHost } });
  onPremise = await startApi({ options: { resolveHost, webhookAllow: ['10.0.0.0/8'] } });
  for (const api of [strict, onPremise]) {
    await api.ask('POST /v1/tenants', { body: { id: 'acme', name: 'Acme', timeZone: 'UTC' } });
  }
});

afterAll(async () => {
  await strict[Symbol.asyncDispose]();
  await onPremise[Symbol.asyncDispose]();
});

/** Sets the webhook in both ways that there are, and answers the status of each. */
async function set(api: TestApi, webhookUrl: string) {
  const settings = { alerts: { webhookUrl } };
  const patched = await api.ask('PATCH /v1/tenants/acme', { body: { settings } });
  const config = { callbay: 1, name: 'Acme', timeZone: 'UTC', settings, mappings: { call: { fields: [] } } };
  const applied = await api.ask('PUT /v1/tenants/acme/config?dryRun=true', { body: config });
  return { statuses: [patched.status, applied.status], detail: patched.body.detail as string | undefined };
}

test('a name that leads to a private address is refused when it is set, with the reason', async () => {
  for (const host of ['private.example.com', 'mixed.example.com']) {
    const { statuses, detail } = await set(strict, `https://${host}/hook`);
    expect(statuses, host).toEqual([422, 422]);
    expect(detail).toContain(`${host} leads to one`);
  }
  expect((await set(strict, 'https://public.example.com/hook')).statuses).toEqual([200, 200]);
  expect((await set(strict, 'https://unknown.example.com/hook')).statuses).toEqual([200, 200]);
});

test('what the operator allowed is accepted on any port and over http, and nothing else is', async () => {
  for (const [url, status] of [
    ['http://private.example.com:8080/hook', 200],
    ['https://private.example.com:22/hook', 200],
    ['http://public.example.com/hook', 422],
    ['https://public.example.com:22/hook', 422],
    ['https://mixed.example.com/hook', 422],
  ] as const) {
    expect((await set(onPremise, url)).statuses, url).toEqual([status, status]);
  }
});

test('the resolver of the system is asked unless another is given', async () => {
  await using api = await startApi({ options: { webhookAllow: ['10.0.0.0/8'] } });
  await api.ask('POST /v1/tenants', { body: { id: 'acme', name: 'Acme', timeZone: 'UTC' } });
  expect((await set(api, 'https://localhost/hook')).statuses).toEqual([422, 422]);
});
