import { makeWav, type RunningCallbay, startCallbay } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { callsOf, codesOf, json } from './support.ts';

let callbay: RunningCallbay;
beforeAll(async () => {
  callbay = await startCallbay();
});
afterAll(() => callbay[Symbol.asyncDispose]());

const GIB = 2 ** 30;
const bomb = `<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha">${Array.from({ length: 20 }, (_, n) => `<!ENTITY a${n} "&a${n - 1};&a${n - 1};">`).join('')}]><l><x>&a19;</x></l>`;
const aliases = `a: &a [x, x]\n${Array.from(
  { length: 20 },
  (_, n) =>
    `k${n}: &k${n} [${Array(3)
      .fill(n === 0 ? '*a' : `*k${n - 1}`)
      .join(', ')}]`,
).join('\n')}\n`;

/** What is sent beside a good pair, and how it must end. */
const HOSTILE: readonly (readonly [string, Buffer | string, string])[] = [
  ['bomb.xml', bomb, 'METADATA_INVALID'],
  ['aliases.yaml', aliases, 'METADATA_INVALID'],
  ['deep.yaml', '['.repeat(20_000), 'METADATA_INVALID'],
  ['deep.json', '['.repeat(100_000), 'METADATA_INVALID'],
  [
    'proto.json',
    '{"__proto__": {"polluted": "yes"}, "datetime": "2026-03-02T10:00:00Z"}',
    'METADATA_INVALID',
  ],
  ['line.csv', Buffer.alloc(100 * 2 ** 20, 'x'), 'ROW_TOO_LARGE'],
  ['cell.csv', `datetime,email\n2026-03-02T10:00:00Z,${'x'.repeat(64 * 2 ** 20)}\n`, 'ROW_TOO_LARGE'],
  ['program.wav', Buffer.concat([Buffer.from('MZ'), Buffer.alloc(4_096, 7)]), 'NOT_MEDIA'],
  ['nul.json', '{"email": "a\\u0000b", "datetime": "2026-03-02T10:00:00Z"}', 'METADATA_INVALID'],
  ['surrogate.json', '{"email": "a\\ud800b", "datetime": "2026-03-02T10:00:00Z"}', 'METADATA_INVALID'],
  ['virus.exe', 'MZ', 'UNSUPPORTED_TYPE'],
];

test('case 75, 78: hostile files each end with their code, and a pair sent among them surfaces', async () => {
  await using tenant = await callbay.openTenant();
  const { client } = tenant;
  await client.put('good.wav', makeWav({ seconds: 1, seed: 1 }));
  for (const [name, bytes] of HOSTILE) await client.put(name, bytes);
  await client.put('good.json', json());
  await callbay.settle();
  expect(await codesOf(callbay, tenant)).toEqual([
    'good.wav SURFACED',
    ...HOSTILE.map(([name, , code]) => `${name} ${code}`),
    'good.json SURFACED',
  ]);
  expect(await callsOf(callbay, tenant)).toHaveLength(1);
}, 120_000);

test('case 78: a gigabyte of zeros named .json is refused, and another tenant does not notice', async () => {
  await using tenant = await callbay.openTenant();
  await using other = await callbay.openTenant();
  await tenant.client.put('zeros.json', '');
  await tenant.client.writeAt('zeros.json', Buffer.from([0]), GIB - 1);
  await other.client.put('a.wav', makeWav({ seconds: 1, seed: 1 }));
  await other.client.put('a.json', json());
  await callbay.settle();
  expect((await tenant.client.receipt('zeros.json')).outcome?.code).toMatch(/METADATA_INVALID|ROW_TOO_LARGE/);
  expect(await callsOf(callbay, other)).toHaveLength(1);
}, 120_000);

test('case 11: names that reach out of the drop or hide what they are create nothing', async () => {
  await using tenant = await callbay.openTenant();
  await using other = await callbay.openTenant();
  const { client, tenantId } = tenant;
  const names = [
    '../x.wav',
    '/data/../../etc/x.wav',
    'a\u0001.wav',
    'a\u202ewav.exe',
    'a\\b.wav',
    `${'n'.repeat(252)}.wav`,
    `/${other.tenantId}/x.wav`,
    `../${other.tenantId}/data/x.wav`,
    'a\0.wav',
  ];
  for (const name of names) await expect(client.put(name, 'x'), name).rejects.toThrow();
  await client.put(`${'n'.repeat(251)}.wav`, makeWav({ seconds: 1, seed: 1 }));
  await callbay.settle();
  const files = await callbay.db.query<{ tenant: string; hasBytes: boolean; code: string }>(
    `SELECT tenant_id AS tenant, blob_key IS NOT NULL AS "hasBytes", outcome_code AS code FROM files
      WHERE tenant_id = ANY($1)`,
    [[tenantId, other.tenantId]],
  );
  expect(files.filter(({ hasBytes }) => hasBytes)).toHaveLength(1);
  // What is left of a refused name is the receipt that says so, in the drop that it came to.
  const told = files.filter(({ hasBytes }) => !hasBytes);
  expect(new Set(told.map(({ tenant, code }) => `${tenant} ${code}`))).toEqual(
    new Set([`${tenantId} NAME_INVALID`]),
  );
});
