import { createTestDatabase, makeTenant, type TestDatabase, until } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTenantStore, transact } from '../src/index.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase({ max: 8 });
});
afterAll(() => database.drop());

test('going live and an arrival that touches several calls wait for each other in the same order', async () => {
  const { db } = database;
  const tenantId = await makeTenant(db, { stage: 'verification' });
  for (const key of ['stem:b', 'stem:a']) {
    await db.execute(`INSERT INTO calls (tenant_id, call_key, status) VALUES ($1, $2, 'held')`, [
      tenantId,
      key,
    ]);
  }
  const touch = `SELECT FROM calls WHERE tenant_id = $1 AND call_key = $2 FOR UPDATE`;
  let goLive: Promise<unknown> = Promise.resolve();
  await transact(db, async (tx) => {
    await tx.query(touch, [tenantId, 'stem:a']);
    goLive = createTenantStore(db).goLive(tenantId, null, { name: 'tests', remoteAddress: null });
    goLive.catch(() => {});
    await until('going live waits for a call', async () => {
      const waiting = await db.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      return waiting.length > 0;
    });
    await tx.query(touch, [tenantId, 'stem:b']);
  });
  await expect(goLive).resolves.toMatchObject({ stage: 'live' });
});
