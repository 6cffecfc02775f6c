import { request } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startApi, type TestApi } from './support.ts';

let api: TestApi;
const keys: Record<string, string> = {};

beforeAll(async () => {
  api = await startApi();
  for (const id of ['acme', 'acme2']) {
    await api.ask('POST /v1/tenants', { body: { id, name: id, timeZone: 'UTC' } });
    keys[id] = await api.makeKey('manager', [id]);
  }
});

afterAll(() => api[Symbol.asyncDispose]());

const MIB = 2 ** 20;
const PATIENT = { timeout: 20_000 };

/** Each anchor is nine times the one before it. */
const BOMB = `a: &a [x,x]\n${[...'bcdefghi']
  .map((name, n) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[n]}`).join()}]`)
  .join('\n')}\n`;

const ask = (tenantId: string, line: string, body: string) =>
  api.ask(line.replace('…', `/v1/tenants/${tenantId}`), { key: keys[tenantId] ?? null, body });

test('30 YAML bombs of one tenant at once give no other tenant a 429, neither for a sample nor for a set-up file', async () => {
  const sample = (tenantId: string, text: string) => ask(tenantId, 'POST …/mapping-samples?name=a.yml', text);
  const bombs = Array.from({ length: 30 }, (_, n) =>
    n % 2 === 0 ? sample('acme', BOMB) : ask('acme', 'PUT …/config', BOMB),
  );
  const others = await Promise.all([
    sample('acme2', 'datetime: 2026-03-02T10:00:00Z\n'),
    ask('acme2', 'PUT …/config?dryRun=true', 'callbay: 1\n'),
  ]);
  expect(others.map(({ status }) => status)).toEqual([200, 400]);
  const answers = (await Promise.all(bombs)).map(({ status }) => status);
  expect(new Set(answers)).toEqual(new Set([400, 422, 429]));
});

/** A request whose body was announced and does not come. */
function announce(tenantId: string, bytes: number) {
  const sent = request(`${api.url}/v1/tenants/${tenantId}/mapping-samples`, {
    method: 'POST',
    headers: { authorization: `Bearer ${keys[tenantId]}`, 'content-length': bytes },
  });
  sent.on('error', () => {});
  sent.write('a');
  return sent;
}

test('a tenant announces at most 64 MiB of bodies at once, and no other tenant is refused for it', async () => {
  const sample = (tenantId: string) => ask(tenantId, 'POST …/mapping-samples?name=a.csv', 'a,b\n1,2\n');
  // Whichever six of them come first hold the tenant's room, so that the other six are answered.
  const announced = Array.from({ length: 12 }, () => announce('acme', 10 * MIB));
  const answers: number[] = [];
  for (const each of announced) each.on('response', ({ statusCode = 0 }) => answers.push(statusCode));
  await expect.poll(() => answers, PATIENT).toEqual(Array(6).fill(429));
  expect((await sample('acme2')).status).toBe(200);
  for (const each of announced) each.destroy();
  await expect
    .poll(async () => (await ask('acme', 'POST …/mapping-samples', 'x'.repeat(9 * MIB))).status, PATIENT)
    .toBe(422);
});
