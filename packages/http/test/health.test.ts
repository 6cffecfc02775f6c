import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startApi, type TestApi } from './support.ts';

let api: TestApi;
let queue: () => Promise<unknown>;

beforeAll(async () => {
  api = await startApi({ deps: { checks: { database: async () => 1, queue: () => queue() } } });
});

afterAll(() => api[Symbol.asyncDispose]());

const ask = (path: string) => api.ask(`GET ${path}`, { key: null });

test('liveness asks nothing and nobody', async () => {
  expect(await ask('/health/live')).toMatchObject({ status: 200, body: { status: 'ok' } });
});

test('readiness tells each service, and fails where one is away or silent', async () => {
  queue = async () => 1;
  const well = await ask('/health/ready');
  expect(well).toMatchObject({
    status: 200,
    body: { status: 'ok', checks: { database: 'ok', queue: 'ok' } },
  });
  for (const away of [
    async () => Promise.reject(new Error('redis://:secret@host')),
    () => new Promise(() => {}),
  ]) {
    queue = away;
    const ill = await ask('/health/ready');
    expect(ill).toMatchObject({
      status: 503,
      body: { status: 'unavailable', checks: { database: 'ok', queue: 'unavailable' } },
    });
    expect(ill.text).not.toContain('secret');
  }
});

describe('metrics', () => {
  const TOKEN = 'scrape-0123456789abcdef';
  const statusWith = async (on: TestApi, key: string | null, headers: Record<string, string> = {}) =>
    (await on.ask('GET /metrics', { key, headers })).status;

  test('come as text', async () => {
    const { status, headers, text } = await ask('/metrics');
    expect([status, text]).toEqual([200, 'callbay_up 1\n']);
    expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  });

  test('are for the machine itself and for operators, and for nobody that a proxy forwards', async () => {
    await api.ask('POST /v1/tenants', { body: { id: 'acme', name: 'Acme' } });
    for (const header of ['x-forwarded-for', 'forwarded', 'via', 'x-real-ip']) {
      expect(await statusWith(api, null, { [header]: '127.0.0.1' }), header).toBe(401);
      expect(await statusWith(api, api.operator, { [header]: '127.0.0.1' }), header).toBe(200);
    }
    expect(await statusWith(api, 'cb_guess')).toBe(401);
    for (const role of ['manager', 'tenant'] as const) {
      expect(await statusWith(api, await api.makeKey(role, ['acme'])), role).toBe(403);
    }
  });

  test('are for the token where one is set, and then no longer for all of the machine', async () => {
    await using guarded = await startApi({ options: { metricsToken: TOKEN } });
    expect(await statusWith(guarded, null)).toBe(401);
    expect(await statusWith(guarded, `${TOKEN}x`)).toBe(401);
    expect(await statusWith(guarded, TOKEN, { via: '1.1 proxy' })).toBe(200);
    expect(await statusWith(guarded, guarded.operator)).toBe(200);
    expect((await guarded.ask('GET /v1/tenants', { key: TOKEN })).status).toBe(401);
  });

  const outside = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4');
  test.skipIf(outside === undefined)('are for no stranger from another address', async () => {
    await using listening = await startApi({ host: outside?.address ?? '' });
    expect(await statusWith(listening, null)).toBe(401);
    expect(await statusWith(listening, listening.operator)).toBe(200);
  });
});

test('each answer is told by the pattern of its route, whatever was asked for', async () => {
  const told: object[] = [];
  await using watched = await startApi({
    deps: { answered: (answer, seconds) => told.push({ ...answer, isTimed: seconds >= 0 }) },
  });
  await watched.ask('GET /v1/tenants/nobody');
  await watched.ask('GET /nowhere/at/all');
  expect(told).toEqual([
    { method: 'GET', route: '/v1/tenants/:tenantId', status: '404', isTimed: true },
    { method: 'GET', route: 'unknown', status: '404', isTimed: true },
  ]);
});

test('the document and its page are served by us, and the page may load nothing from elsewhere', async () => {
  expect((await ask('/openapi.json')).body.openapi).toBe('3.1.0');
  const page = await ask('/docs/');
  expect(page.status).toBe(200);
  expect(page.headers.get('content-type')).toContain('text/html');
  expect(page.headers.get('content-security-policy')).toContain("connect-src 'self'");
  expect(page.text).not.toMatch(/(src|href)="https?:/);
  const script = /src="([^"]+\.js)"/.exec(page.text)?.[1] ?? '';
  expect((await ask(new URL(script, `${api.url}/docs/`).pathname)).status).toBe(200);
});
