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
    await db.execute(`insert into calls (tenant_id, call_key, status) values ($1, $2, 'held')`, [
      tenantId,
      key,
    ]);
  }
  const touch = `select from calls where tenant_id = $1 and call_key = $2 for update`;
  let goLive: Promise<unknown> = Promise.resolve();
  await transact(db, async (tx) => {
    await tx.query(touch, [tenantId, 'stem:a']);
    goLive = createTenantStore(db).goLive(tenantId, null, { name: 'tests', remoteAddress: null });
    goLive.catch(() => {});
    await until('going live waits for a call', async () => {
      const waiting = await db.query(
        `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      );
      return waiting.length > 0;
    });
    await tx.query(touch, [tenantId, 'stem:b']);
  });
  await expect(goLive).resolves.toMatchObject({ stage: 'live' });
});
