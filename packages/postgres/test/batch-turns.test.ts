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
  const chunksOf = async (fileId: string, bytes: number) => {
    const slice = await store.claimSlice(tenantId, fileId, { chunks: 3, rows: 500, bytes });
    await db.execute('UPDATE batches SET claimed_row = 0 WHERE tenant_id = $1 AND file_id = $2', [
      tenantId,
      fileId,
    ]);
    await store.finishSlice(tenantId, fileId, slice!);
    return slice!.chunks.map((callKeys) => callKeys.length);
  };
  expect(await chunksOf(wide, 4_000_000)).toEqual([4, 4, 2]);
  expect(await chunksOf(wide, 2_000_000)).toEqual([2, 2, 2]);
  expect(await chunksOf(wide, 1)).toEqual([1, 1, 1]);
  expect(await chunksOf(narrow, 4_000_000)).toEqual([10]);
});

/** A batch of ten rows, none of them decided. */
async function makeRows(tenantId: string): Promise<string> {
  const { db } = database;
  const fileId = await makeBatch(tenantId, 'rows.csv');
  await db.execute(
    `INSERT INTO call_records (tenant_id, file_id, row, stem, is_batch_row)
     SELECT $1, $2, n, 'call-' || n, TRUE FROM generate_series(1, 10) n`,
    [tenantId, fileId],
  );
  await db.execute('UPDATE batches SET row_count = 10 WHERE tenant_id = $1 AND file_id = $2', [
    tenantId,
    fileId,
  ]);
  return fileId;
}

const FOUR_ROWS = { chunks: 2, rows: 2, bytes: 1_000_000 };
const isEnded = async (tenantId: string, fileId: string): Promise<boolean> => {
  const [batch] = await database.db.query<{ ended: boolean }>(
    'SELECT advanced_at IS NOT NULL AS ended FROM batches WHERE tenant_id = $1 AND file_id = $2',
    [tenantId, fileId],
  );
  return batch!.ended;
};
const decideRows = (tenantId: string, fileId: string, upTo: number) =>
  database.db.execute(
    `UPDATE call_records SET outcome_code = 'SURFACED' WHERE tenant_id = $1 AND file_id = $2 AND row <= $3`,
    [tenantId, fileId, upTo],
  );

test('processes that advance one batch at once claim rows of their own, and the last of them ends it', async () => {
  const { db } = database;
  const tenantId = await makeTenant(db);
  const fileId = await makeRows(tenantId);
  const store = createBatchStore(db);
  const claims = await Promise.all(
    Array.from({ length: 4 }, () => store.claimSlice(tenantId, fileId, FOUR_ROWS)),
  );
  const slices = claims.filter((slice) => slice !== null).sort((a, b) => a.afterRow - b.afterRow);
  expect(slices.map(({ afterRow, lastRow }) => [afterRow, lastRow])).toEqual([
    [0, 4],
    [4, 8],
    [8, 10],
  ]);
  expect(slices.flatMap(({ chunks }) => chunks.flat())).toHaveLength(10);
  expect((await store.findUnadvanced(100, [])).map((open) => open.fileId)).not.toContain(fileId);
  await decideRows(tenantId, fileId, 10);
  for (const slice of slices) {
    expect(await isEnded(tenantId, fileId)).toBe(false);
    await store.finishSlice(tenantId, fileId, slice);
  }
  expect((await store.findUnadvanced(100, [])).map((open) => open.fileId)).toContain(fileId);
  expect(await store.claimSlice(tenantId, fileId, FOUR_ROWS)).toBeNull();
  expect(await isEnded(tenantId, fileId)).toBe(true);
});

test('the rows of a process that died, or gave them back, are claimed again after those that nobody had', async () => {
  const { db } = database;
  const tenantId = await makeTenant(db);
  const fileId = await makeRows(tenantId);
  const store = createBatchStore(db);
  const dead = await store.claimSlice(tenantId, fileId, FOUR_ROWS);
  const givenBack = await store.claimSlice(tenantId, fileId, FOUR_ROWS);
  await store.releaseSlice(tenantId, fileId, givenBack!);
  const fresh = await store.claimSlice(tenantId, fileId, FOUR_ROWS);
  expect(fresh).toMatchObject({ afterRow: 8, lastRow: 10 });
  expect(await store.claimSlice(tenantId, fileId, FOUR_ROWS)).toEqual(givenBack);
  expect(await store.claimSlice(tenantId, fileId, FOUR_ROWS)).toBeNull();
  await db.execute(
    `UPDATE batch_slices SET leased_until = callbay_now() WHERE tenant_id = $1 AND file_id = $2 AND after_row = $3`,
    [tenantId, fileId, dead!.afterRow],
  );
  await decideRows(tenantId, fileId, 3);
  const rest = await store.claimSlice(tenantId, fileId, FOUR_ROWS);
  expect(rest).toMatchObject({ afterRow: 0, lastRow: 4, chunks: [['stem:call-4']] });
});

test('a slice whose process died when all its rows were decided keeps the batch from nothing', async () => {
  const { db } = database;
  const tenantId = await makeTenant(db);
  const fileId = await makeRows(tenantId);
  const store = createBatchStore(db);
  const dead = await store.claimSlice(tenantId, fileId, { ...FOUR_ROWS, chunks: 5 });
  await decideRows(tenantId, fileId, 10);
  await store.releaseSlice(tenantId, fileId, dead!);
  expect(await store.claimSlice(tenantId, fileId, FOUR_ROWS)).toBeNull();
  expect(await isEnded(tenantId, fileId)).toBe(true);
});
