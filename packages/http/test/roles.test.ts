import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fillPath, listOperations } from './operations.ts';
import { startApi, type TestApi } from './support.ts';

const operations = await listOperations();
const ROLES = ['operator', 'manager', 'tenant', 'engine', 'sender'] as const;

/** Who may, by what a route says of itself. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  trace: ['operator', 'manager', 'tenant', 'engine', 'sender'],
  read: ['operator', 'manager', 'tenant', 'engine'],
  send: ['operator', 'manager', 'sender'],
  analyze: ['operator', 'manager', 'engine'],
  manage: ['operator', 'manager'],
  operate: ['operator'],
};

let api: TestApi;
const keys = new Map<string, string>();

beforeAll(async () => {
  api = await startApi();
  await api.ask('POST /v1/tenants', { body: { id: 'acme', name: 'Acme' } });
  for (const role of ROLES) keys.set(role, await api.makeKey(role, role === 'operator' ? [] : ['acme']));
});

afterAll(() => api[Symbol.asyncDispose]());

/** Asks for resources that are not there and with nothing to do, so that a role that may changes nothing. */
const ask = ({ method, path, operationId }: (typeof operations)[number], key: string | null) => {
  const absent = {
    fileId: randomUUID(),
    callId: '999',
    keyId: randomUUID(),
    id: randomUUID(),
    username: 'nobody',
    matchId: randomUUID(),
    webhookId: randomUUID(),
    uploadId: randomUUID(),
    type: 'contacts',
    externalId: 'nobody',
  };
  const line = `${method} ${fillPath(path, { ...absent, tenantId: 'acme', kind: 'call' })}`;
  const headers = operationId === 'followEvents' ? { 'last-event-id': 'none' } : {};
  return api.ask(line, {
    key,
    headers,
    ...(['GET', 'HEAD', 'DELETE'].includes(method) ? {} : { body: { nothing: 1 } }),
  });
};

const closed = operations.filter(({ access }) => access !== 'public');

describe.each(closed)('$method $path', (operation) => {
  test.each(ROLES)('as %s', async (role) => {
    const { status, body } = await ask(operation, keys.get(role) ?? '');
    if (ALLOWED[operation.access]?.includes(role)) expect([401, 403]).not.toContain(status);
    else expect([status, body.code]).toEqual([403, 'FORBIDDEN']);
  });

  test('without a credential', async () => {
    const { status, body, headers } = await ask(operation, null);
    expect([status, body.code]).toEqual([401, 'UNAUTHENTICATED']);
    expect(headers.get('www-authenticate')).toContain('Bearer');
  });
});

const readable = closed.filter(
  ({ method, operationId }) => method === 'GET' && operationId !== 'followEvents',
);

test.each(readable)('HEAD $path lets in whom GET does', async (operation) => {
  for (const key of [...keys.values(), null]) {
    const { status } = await ask(operation, key);
    expect((await ask({ ...operation, method: 'HEAD' }, key)).status).toBe(status);
  }
});

test('what changes something is never open to the tenant role', () => {
  const changing = operations.filter(({ method }) => !['GET', 'HEAD'].includes(method));
  expect(changing.length).toBeGreaterThan(10);
  // Its address holds a secret of the drop, and what it says is only a hint to look.
  const byAddress = changing.filter(({ access }) => access === 'public');
  expect(byAddress.map(({ operationId }) => operationId)).toEqual(['pushS3Event']);
  for (const { access, operationId } of changing.filter((operation) => !byAddress.includes(operation)))
    expect(['manage', 'operate', 'analyze', 'send'], operationId).toContain(access);
});

test('the sender role sends, withdraws, and reads what became of one file', () => {
  const open = operations.filter(({ access }) => ALLOWED[access]?.includes('sender'));
  expect(open.map(({ operationId }) => operationId).sort()).toEqual([
    'discardUpload',
    'explainFile',
    'getFile',
    'getUpload',
    'sendFile',
    'sendFilePart',
    'withdrawFile',
  ]);
});

test('the engine role changes nothing but analyses', () => {
  const changing = operations.filter(({ method }) => !['GET', 'HEAD'].includes(method));
  const open = changing.filter(({ access }) => ALLOWED[access]?.includes('engine'));
  expect(open.map(({ operationId }) => operationId)).toEqual(['putAnalysis']);
});

test('only health, metrics and addresses that hold a secret are public in the document', () => {
  const open = operations.filter(({ access }) => access === 'public').map(({ path }) => path);
  expect(open.sort()).toEqual(['/health/live', '/health/ready', '/metrics', '/v1/s3-events/{token}']);
});
