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

test('case 116: a chunk of a batch has few rows where they are wide, and as many as asked for where they are not', async () => {
  const { db } = database;
  const tenantId = await makeTenant(db);
  const [wide, narrow] = [await makeBatch(tenantId, 'wide.csv'), await makeBatch(tenantId, 'narrow.csv')];
  const widths = [
    [wide, 1_000_000],
    [narrow, 100],
  ] as const;
  for (const [fileId, rowBytes] of widths) {
    await db.execute(
      `INSERT INTO call_records (tenant_id, file_id, row, stem, is_batch_row)
       SELECT $1, $2, n, 'call-' || n, TRUE FROM generate_series(1, 10) n`,
      [tenantId, fileId],
    );
    await db.execute('UPDATE batches SET row_count = 10 WHERE tenant_id = $1 AND file_id = $2', [
      tenantId,
      fileId,
    ]);
    await db.execute('UPDATE files SET size_bytes = 10 * $3 WHERE tenant_id = $1 AND id = $2', [
      tenantId,
      fileId,
      rowBytes,
    ]);
  }
  const store = createBatchStore(db);
  const chunksOf = async (fileId: string, bytes: number) =>
    (await store.findRowsToAdvance(tenantId, fileId, { chunks: 3, rows: 500, bytes })).map(
      ({ callKeys }) => callKeys.length,
    );
  expect(await chunksOf(wide, 4_000_000)).toEqual([4, 4, 2]);
  expect(await chunksOf(wide, 2_000_000)).toEqual([2, 2, 2]);
  expect(await chunksOf(wide, 1)).toEqual([1, 1, 1]);
  expect(await chunksOf(narrow, 4_000_000)).toEqual([10]);
});
