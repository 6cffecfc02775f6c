import { randomUUID } from 'node:crypto';
import { createTestDatabase, makeTenant, type TestDatabase } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createBatchStore, createFileReceiver } from '../src/index.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** A batch whose calls nobody has advanced; answers its file. */
async function makeBatch(tenantId: string, name: string): Promise<string> {
  const { db } = database;
  const fileId = randomUUID();
  await createFileReceiver(db).receiveFile(tenantId, {
    fileId,
    drop: 'sftp',
    name,
    sizeBytes: 1,
    modifiedAt: new Date(),
    blobKey: `${tenantId}/${fileId}`,
    sentBy: 'tests',
  });
  await db.execute('INSERT INTO batches (tenant_id, file_id, row_count) VALUES ($1, $2, 1)', [
    tenantId,
    fileId,
  ]);
  return fileId;
}

test('many batches of one tenant keep no other tenant waiting, and its own go in the order they came', async () => {
  const [many, one] = [await makeTenant(database.db), await makeTenant(database.db)];
  const first = await makeBatch(many, 'day-0.csv');
  const second = await makeBatch(many, 'day-1.csv');
  for (let n = 2; n < 8; n += 1) await makeBatch(many, `day-${n}.csv`);
  const other = await makeBatch(one, 'day.csv');
  const store = createBatchStore(database.db);
  const turns = (await store.findUnadvanced(3, [])).map(({ fileId }) => fileId);
  expect(new Set(turns.slice(0, 2))).toEqual(new Set([first, other]));
  expect(turns[2]).toBe(second);
});
