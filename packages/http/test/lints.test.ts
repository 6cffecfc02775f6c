import { CALL_PRESETS, checkMapping, SYSTEM_PRESETS } from '@callbay/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { arrive } from './arrivals.ts';
import { startApi, type TestApi } from './support.ts';

let api: TestApi;

beforeAll(async () => {
  api = await startApi();
  for (const id of ['acme', 'named']) {
    await api.ask('POST /v1/tenants', { body: { id, name: id, timeZone: 'UTC', stage: 'live' } });
  }
});

afterAll(() => api[Symbol.asyncDispose]());

test('the lint names what came unmapped, what never came, what is required and missing, and flat names', async () => {
  await arrive(api.db, 'acme', 'a.json', [{ datetime: '2026-03-02T10:00:00Z', Email: '', note: 'x' }]);
  await arrive(api.db, 'acme', 'b.json', [{ datetime: '', note: 'y', other: 'z', 'customer.name': 'Ann' }]);
  await api.db.execute(
    `UPDATE call_records SET nested_paths = '["customer.name"]' WHERE tenant_id = 'acme' AND raw ? 'customer.name'`,
  );
  const { status, body } = await api.ask('GET /v1/tenants/acme/mappings/call/lint');
  expect(status).toBe(200);
  expect(body).toEqual({
    version: 1,
    records: 2,
    skipped: 0,
    isCut: false,
    unmapped: expect.arrayContaining([
      { source: 'note', seen: 2 },
      { source: 'other', seen: 1 },
      { source: 'customer.name', seen: 1 },
    ]),
    neverSeen: [
      { source: 'direction', target: 'direction', isRequired: true },
      { source: 'filename', target: 'filename', isRequired: false },
    ],
    requiredNeverGiven: [
      { source: 'email', target: 'user' },
      { source: 'direction', target: 'direction' },
    ],
    nested: [{ path: 'customer.name', name: 'customer_name', seen: 1, isMapped: false }],
  });
  expect(body.unmapped).toHaveLength(3);
});

test('what file names give is not missing', async () => {
  await arrive(api.db, 'named', '20260302-100000_inbound_joe.json', [{ note: 'x' }]);
  const { body } = await api.ask('GET /v1/tenants/named/mappings/call/lint');
  expect(body.requiredNeverGiven).toEqual([]);
});

test('every preset can be published as it is listed', async () => {
  const { body } = await api.ask('GET /v1/tenants/acme/mappings/presets');
  expect(body.items.map(({ name }: { name: string }) => name)).toEqual([
    'coach-minimum',
    'coach-typical',
    'evaluagent',
    ...SYSTEM_PRESETS.map(({ name }) => name),
  ]);
  for (const { fields, options } of body.items) {
    const { status } = await api.ask('PUT /v1/tenants/acme/mappings/call', { body: { fields, options } });
    expect(status).toBe(200);
  }
  for (const { fields, options } of CALL_PRESETS) expect(checkMapping(fields, options)).toEqual([]);
});
