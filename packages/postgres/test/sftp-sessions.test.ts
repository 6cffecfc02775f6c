import { randomUUID } from 'node:crypto';
import { createTestDatabase, makeTenant, type TestDatabase } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../src/database/database.ts';
import { createSftpSessionStore } from '../src/index.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const sessionOf = (tenantId: string) => ({
  tenantId,
  sessionId: randomUUID(),
  username: 'u',
  address: '203.0.113.7',
});

test('of many who log in at once on two nodes, as many get in as the tenant may have', async () => {
  await using other = openDatabase({
    connectionString: database.connectionString,
    max: 4,
    applicationName: 'other',
  });
  const tenantId = await makeTenant(database.db);
  const nodes = [createSftpSessionStore(database.db), createSftpSessionStore(other)];
  const taken = await Promise.all(
    Array.from({ length: 24 }, (_, n) => nodes[n % 2]!.takePlace(sessionOf(tenantId), 7)),
  );
  expect(taken.filter(Boolean)).toHaveLength(7);
  expect(await nodes[0]!.takePlace(sessionOf(await makeTenant(database.db)), 7)).toBe(true);
});

test('a place that is given back on one node is free on the other, and those of a dead node are after 15 seconds', async () => {
  const tenantId = await makeTenant(database.db);
  const store = createSftpSessionStore(database.db);
  const [first, second] = [sessionOf(tenantId), sessionOf(tenantId)];
  expect([await store.takePlace(first, 1), await store.takePlace(second, 1)]).toEqual([true, false]);
  await store.givePlace(tenantId, first.sessionId);
  expect(await store.takePlace(second, 1)).toBe(true);
  const age = (seconds: number) =>
    database.db.execute(
      "UPDATE sftp_sessions SET seen_at = callbay_now() - $2 * interval '1 second' WHERE tenant_id = $1",
      [tenantId, seconds],
    );
  await age(12);
  expect(await store.takePlace(first, 1)).toBe(false);
  await store.keepAlive([second]);
  await age(16);
  expect(await store.takePlace(first, 1)).toBe(true);
});

test('what a crash of the database took is written anew by the nodes whose sessions live', async () => {
  const tenantId = await makeTenant(database.db);
  const store = createSftpSessionStore(database.db);
  const session = sessionOf(tenantId);
  await store.takePlace(session, 1);
  await database.db.execute('TRUNCATE sftp_sessions');
  await store.keepAlive([session, sessionOf('a-tenant-that-is-gone')]);
  expect(await store.takePlace(sessionOf(tenantId), 1)).toBe(false);
});
