import { createOperationsReader } from '@callbay/postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeFile, startApi, type TestApi } from './support.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
  for (const id of ['acme', 'bright']) await api.ask('POST /v1/tenants', { body: { id, name: id } });
});
afterAll(() => api[Symbol.asyncDispose]());

test('what each tenant stores is listed for an operator alone, page by page', async () => {
  await api.db.execute(
    `INSERT INTO tenant_storage (tenant_id, stored_bytes, received_bytes, counted_at) VALUES ('acme', 700, 0, callbay_now())
     ON CONFLICT (tenant_id) DO UPDATE SET stored_bytes = 700, received_bytes = 0`,
  );
  await api.db.execute(`UPDATE tenant_counters SET bytes = 50 WHERE tenant_id = 'acme' AND name = 'receive'`);
  await api.ask('PATCH /v1/tenants/bright', { body: { settings: { storageQuotaBytes: 1000 } } });
  const first = await api.ask('GET /v1/operations/tenants?limit=1');
  expect(first.body.items).toEqual([{ tenantId: 'acme', name: 'acme', storedBytes: 750, quotaBytes: null }]);
  const next = await api.ask(`GET /v1/operations/tenants?cursor=${first.body.nextCursor}`);
  expect(next.body).toMatchObject({ items: [{ tenantId: 'bright', quotaBytes: 1000 }], nextCursor: null });
  const key = await api.makeKey('manager', ['acme']);
  expect((await api.ask('GET /v1/operations/tenants', { key })).status).toBe(403);
});

test('the gauges of an operator count open files, outcomes of the last hour and the age of the backlog', async () => {
  await makeFile(api.db, 'acme', { state: 'done', code: 'SURFACED' });
  await makeFile(api.db, 'acme', { state: 'held', code: 'NO_METADATA' });
  const unread = await makeFile(api.db, 'bright', { state: 'held', code: 'NO_METADATA' });
  await api.db.execute(
    `UPDATE files SET state = 'received', outcome_code = NULL, classified_at = NULL, blob_key = 'bright/x',
            received_at = callbay_now() - interval '90 seconds' WHERE id = $1`,
    [unread],
  );
  const gauges = await createOperationsReader(api.db).readGauges();
  const sorted = <T extends object>(items: readonly T[]) =>
    items.map((one) => Object.values(one).join(' ')).sort();
  expect(sorted(gauges.openFiles)).toEqual(['held 1', 'received 1']);
  expect(sorted(gauges.recentFiles)).toEqual(['NO_METADATA 1', 'SURFACED 1', 'UNREAD 1']);
  expect(gauges.backlogAgeSeconds).toBeGreaterThanOrEqual(90);
  expect(gauges.backlogAgeSeconds).toBeLessThan(150);
});
