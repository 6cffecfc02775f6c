import { makeApiKey } from '@callbay/ingestion';
import { testClock } from '@callbay/testkit';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startApi, type TestApi, TOKEN_KEY } from './support.ts';

let api: TestApi;

beforeAll(async () => {
  api = await startApi();
  for (const id of ['acme', 'acme2']) await api.ask('POST /v1/tenants', { body: { id, name: id } });
});

afterAll(() => api[Symbol.asyncDispose]());

const makeKey = (body: Record<string, unknown>, key = api.operator) =>
  api.ask('POST /v1/api-keys', { key, body: { label: 'made here', ...body } });

describe('API keys', () => {
  test('a key is shown once, works at once, and only its digest is kept', async () => {
    const { status, body } = await makeKey({ role: 'tenant', tenantIds: ['acme'] });
    expect(status).toBe(201);
    expect(body.key).toMatch(/^cb_[0-9a-f]{32}_[\w-]{43}$/);
    expect((await api.ask('GET /v1/tenants/acme', { key: body.key })).status).toBe(200);
    const list = await api.ask('GET /v1/api-keys');
    expect(list.text).not.toContain(body.key);
    expect(list.body.items).toContainEqual(
      expect.objectContaining({ id: body.id, role: 'tenant', tenantIds: ['acme'] }),
    );
    const rows = await api.db.query('SELECT * FROM api_keys WHERE id = $1', [body.id]);
    expect(JSON.stringify(rows)).not.toContain(body.key.slice(-43));
  });

  test('a revoked key is refused from the next request on, and is listed no more', async () => {
    const { body } = await makeKey({ role: 'operator' });
    expect((await api.ask(`DELETE /v1/api-keys/${body.id}`)).status).toBe(204);
    expect((await api.ask('GET /v1/tenants', { key: body.key })).status).toBe(401);
    expect((await api.ask(`DELETE /v1/api-keys/${body.id}`)).status).toBe(404);
    expect((await api.ask('GET /v1/api-keys')).text).not.toContain(body.id);
    const { body: audit } = await api.ask('GET /v1/audit?action=apiKey.revoke');
    expect(audit.items[0]).toMatchObject({ target: body.id, tenantId: null });
  });

  test.each([
    ['another secret', (key: string) => `${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}`],
    ['another id', (key: string) => key.replace(/^cb_./, (start) => (start === 'cb_0' ? 'cb_1' : 'cb_0'))],
    ['no secret', (key: string) => key.split('_').slice(0, 2).join('_')],
    ['a tail', (key: string) => `${key}x`],
    ['nothing', () => ''],
  ])('a key with %s is refused', async (_title, spoil) => {
    const { status, body } = await api.ask('GET /v1/tenants', { key: spoil(api.operator) });
    expect([status, body.code]).toEqual([401, 'UNAUTHENTICATED']);
  });

  test('an operator is bound to no tenant, others to at least one that exists', async () => {
    expect((await makeKey({ role: 'operator', tenantIds: ['acme'] })).body.issues).toMatchObject([
      { at: 'tenantIds' },
    ]);
    expect((await makeKey({ role: 'manager' })).body.issues).toMatchObject([{ at: 'tenantIds' }]);
    const absent = await makeKey({ role: 'manager', tenantIds: ['acme', 'absent'] });
    expect([absent.status, absent.body.code]).toEqual([422, 'UNPROCESSABLE']);
  });

  test('a manager makes, sees and revokes keys of its own tenants only', async () => {
    const manager = await api.makeKey('manager', ['acme']);
    const foreign = (await makeKey({ role: 'tenant', tenantIds: ['acme2'] })).body;
    const shared = (await makeKey({ role: 'tenant', tenantIds: ['acme', 'acme2'] })).body;
    for (const body of [
      { role: 'operator' },
      { role: 'tenant', tenantIds: ['acme2'] },
      { role: 'tenant', tenantIds: ['acme', 'acme2'] },
      { role: 'tenant', tenantIds: ['absent'] },
    ]) {
      expect((await makeKey(body, manager)).body.code).toBe('FORBIDDEN');
    }
    const own = (await makeKey({ role: 'manager', tenantIds: ['acme'] }, manager)).body;
    const { text } = await api.ask('GET /v1/api-keys?limit=500', { key: manager });
    expect(text).toContain(own.id);
    for (const { id } of [foreign, shared]) {
      expect(text).not.toContain(id);
      expect((await api.ask(`DELETE /v1/api-keys/${id}`, { key: manager })).status).toBe(404);
    }
    expect((await api.ask(`DELETE /v1/api-keys/${own.id}`, { key: manager })).status).toBe(204);
  });

  test('a key expires by the database clock, at the instant it says', async () => {
    const clock = await testClock(api.db);
    await clock.set('2026-05-01T00:00:00Z');
    const { body } = await makeKey({ role: 'operator', expiresAt: '2026-05-01T01:00:00Z' });
    const { status: past } = await makeKey({ role: 'operator', expiresAt: '2026-05-01T00:00:00Z' });
    expect(past).toBe(422);
    await clock.set('2026-05-01T00:59:59.999Z');
    expect((await api.ask('GET /v1/tenants', { key: body.key })).status).toBe(200);
    await clock.set('2026-05-01T01:00:00Z');
    expect((await api.ask('GET /v1/tenants', { key: body.key })).status).toBe(401);
    await clock.release();
  });

  test('the last use is recorded, at most once a minute', async () => {
    const clock = await testClock(api.db);
    const { body } = await makeKey({ role: 'operator' });
    const useAt = async (at: string) => {
      await clock.set(at);
      await api.ask('GET /v1/tenants', { key: body.key });
      const [row] = await api.db.query<{ at: Date }>(
        'SELECT last_used_at AS at FROM api_keys WHERE id = $1',
        [body.id],
      );
      return row?.at.toISOString();
    };
    expect(await useAt('2026-06-01T00:00:00Z')).toBe('2026-06-01T00:00:00.000Z');
    expect(await useAt('2026-06-01T00:01:00Z')).toBe('2026-06-01T00:00:00.000Z');
    expect(await useAt('2026-06-01T00:01:00.001Z')).toBe('2026-06-01T00:01:00.001Z');
    await clock.release();
  });
});

describe("tenants' tokens", () => {
  const makeToken = async (body?: Record<string, unknown>) =>
    (await api.ask('POST /v1/tenants/acme/tokens', body === undefined ? {} : { body })).body;
  const sign = (claims: Record<string, string>, key = TOKEN_KEY) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).setExpirationTime('1h').sign(key);

  test('a token reads its tenant, for 90 days, and nothing else', async () => {
    const { id, jwt, expiresAt } = await makeToken();
    const days = (Date.parse(expiresAt) - Date.now()) / 86_400_000;
    expect(days).toBeCloseTo(90, 1);
    expect((await api.ask('GET /v1/tenants/acme', { key: jwt })).status).toBe(200);
    expect((await api.ask('GET /v1/tenants/acme2', { key: jwt })).status).toBe(404);
    expect((await api.ask('PATCH /v1/tenants/acme', { key: jwt, body: { name: 'x' } })).status).toBe(403);
    expect((await api.ask('GET /v1/api-keys')).body.items).toContainEqual(
      expect.objectContaining({ id, form: 'token', role: 'tenant', tenantIds: ['acme'] }),
    );
  });

  test('a revoked token is refused from the next request on', async () => {
    const { id, jwt } = await makeToken({ label: 'short-lived' });
    expect((await api.ask(`DELETE /v1/api-keys/${id}`)).status).toBe(204);
    expect((await api.ask('GET /v1/tenants/acme', { key: jwt })).status).toBe(401);
  });

  test('a token expires by the database clock', async () => {
    const clock = await testClock(api.db);
    await clock.set('2026-05-01T00:00:00Z');
    const { jwt } = await makeToken({ expiresAt: '2026-05-01T01:00:00Z' });
    expect((await api.ask('GET /v1/tenants/acme', { key: jwt })).status).toBe(200);
    await clock.set('2026-05-01T01:00:00Z');
    expect((await api.ask('GET /v1/tenants/acme', { key: jwt })).status).toBe(401);
    await clock.release();
  });

  test('a token that another key signed, that names another tenant, that no row knows or that is unsigned is refused', async () => {
    const { id, jwt } = await makeToken();
    const [, payload = ''] = jwt.split('.');
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    const claims = { iss: 'callbay', sub: 'acme', jti: id };
    for (const token of [
      await sign(claims, new Uint8Array(32).fill(8)),
      await sign({ ...claims, sub: 'acme2' }),
      await sign({ ...claims, jti: '00000000-0000-4000-8000-000000000000' }),
      await sign({ ...claims, iss: 'elsewhere' }),
      `${none}.${payload}.`,
    ]) {
      for (const tenantId of ['acme', 'acme2']) {
        expect((await api.ask(`GET /v1/tenants/${tenantId}`, { key: token })).status).toBe(401);
      }
    }
    expect((await api.ask('GET /v1/tenants/acme', { key: await sign(claims) })).status).toBe(200);
  });
});

describe('an address that sent 100 bad credentials within a minute', () => {
  let fresh: TestApi;
  beforeAll(async () => {
    fresh = await startApi();
    await fresh.ask('POST /v1/tenants', { body: { id: 'acme', name: 'Acme' } });
    for (let attempt = 0; attempt < 100; attempt += 1) {
      expect((await fresh.ask('GET /v1/tenants', { key: `cb_guess${attempt}` })).status).toBe(401);
    }
  });
  afterAll(() => fresh[Symbol.asyncDispose]());

  test('is asked to wait', async () => {
    for (const key of ['cb_guess', makeApiKey().key, 'a.b.c']) {
      const limited = await fresh.ask('GET /v1/tenants', { key });
      expect([limited.status, limited.body.code]).toEqual([429, 'RATE_LIMITED']);
      expect(limited.headers.get('retry-after')).not.toBeNull();
    }
  });

  test('is served with a good key or token, also one never used before, while the guesses go on', async () => {
    const { body } = await fresh.ask('POST /v1/tenants/acme/tokens', { body: {} });
    const good = [fresh.operator, await fresh.makeKey('operator'), body.jwt];
    const guess = () => fresh.ask('GET /v1/tenants', { key: makeApiKey().key });
    const guesses = Array.from({ length: 200 }, guess);
    for (const key of good) expect((await fresh.ask('GET /v1/tenants/acme', { key })).status).toBe(200);
    for (const { status } of await Promise.all(guesses)) expect(status).toBe(429);
  });
});
