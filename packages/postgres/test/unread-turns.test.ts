import { randomUUID } from 'node:crypto';
import { createTestDatabase, makeTenant, type TestDatabase } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCallStore } from '../src/calls/call-store.ts';
import { createFileStore } from '../src/calls/file-store.ts';
import { createFileReceiver, createTombstones } from '../src/index.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase({ max: 8 });
});
afterAll(() => database.drop());

test('a tenant with over 500 unread files hides no other from the sweep', async () => {
  const { db } = database;
  const [busy, other] = [await makeTenant(db), await makeTenant(db)];
  const receiver = createFileReceiver(db);
  const receive = (tenantId: string, n: number) => {
    const fileId = randomUUID();
    return receiver.receiveFile(tenantId, {
      fileId,
      drop: 'sftp',
      name: `f${n}.json`,
      sizeBytes: 1,
      modifiedAt: new Date(),
      blobKey: `${tenantId}/${fileId}`,
      sentBy: 't',
    });
  };
  await Promise.all(Array.from({ length: 501 }, (_, n) => receive(busy, n)));
  await receive(other, 0);
  const found = await createFileStore(db).findUnread(0, 500);
  expect(found.map(({ tenantId }) => tenantId).sort()).toEqual([busy, other].sort());
});

test('a tenant with 500 calls that stay due hides no other from the sweep', async () => {
  const { db } = database;
  const [stuck, other] = [await makeTenant(db), await makeTenant(db)];
  await db.execute(
    `INSERT INTO calls (tenant_id, call_key, due_at) SELECT $1, 'stem:' || n, callbay_now() - interval '1 hour' FROM generate_series(1, 500) n`,
    [stuck],
  );
  await db.execute(`INSERT INTO calls (tenant_id, call_key, due_at) VALUES ($1, 'stem:a', callbay_now())`, [
    other,
  ]);
  const due = await createCallStore(db, createTombstones(new Uint8Array(32))).findDue(500);
  expect(due.map(({ tenantId }) => tenantId).sort()).toEqual([stuck, other].sort());
});
