import { randomBytes, randomUUID } from 'node:crypto';
import { decideCalls } from '@callbay/core';
import { advanceCalls } from '@callbay/ingestion';
import { createTestDatabase, makeTenant, type TestDatabase } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCallStore, createTombstones } from '../src/index.ts';

const RECORDS = 24;
const MIB = 1024 * 1024;

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** Records of nearly a mebibyte each that do not compress, one for each stem. */
async function insertRecords(tenantId: string, count = RECORDS): Promise<string[]> {
  const stems = Array.from({ length: count }, (_, n) => `c${n}`);
  for (const [n, stem] of stems.entries()) {
    const fileId = randomUUID();
    await database.db.execute(
      `INSERT INTO files (tenant_id, id, drop, name, shown_name, stem, ext, size_bytes, blob_key, sent_by, received_at,
              receive_seq, modified_at, kind, sha256, classified_at)
       VALUES ($1, $2, 'sftp', $3, $3, $4, 'json', 1, $5, 'u', callbay_now(), $6, callbay_now(), 'sidecar', $5, callbay_now())`,
      [tenantId, fileId, `${stem}.json`, stem, `${tenantId}/${fileId}`, n + 1],
    );
    const raw = { note: randomBytes((MIB * 3) / 4 - 100).toString('base64') };
    await database.db.execute(
      'INSERT INTO call_records (tenant_id, file_id, row, stem, raw) VALUES ($1, $2, 0, $3, $4)',
      [tenantId, fileId, stem, JSON.stringify(raw)],
    );
  }
  return stems;
}

test('calls whose records are too large to be loaded together are decided in smaller groups', async () => {
  const tenantId = await makeTenant(database.db);
  const callKeys = (await insertRecords(tenantId)).map((stem) => `stem:${stem}`);
  const calls = createCallStore(database.db, createTombstones(new Uint8Array(32)));
  await expect(calls.advance(tenantId, callKeys, decideCalls)).rejects.toThrow(RangeError);

  let most = 0;
  const watched = {
    ...calls,
    advance: async (...[id, keys, decide]: Parameters<typeof calls.advance>) => {
      const result = await calls.advance(id, keys, decide);
      most = Math.max(most, keys.length);
      return result;
    },
  };
  await advanceCalls(
    { calls: watched, metrics: { surfaced: () => {}, updated: () => {} } },
    { tenantId, callKeys },
  );
  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThanOrEqual(8);
  const [held] = await database.db.query<{ count: number }>(
    `SELECT count(*) AS count FROM calls WHERE tenant_id = $1 AND status = 'held'`,
    [tenantId],
  );
  expect(held?.count).toBe(RECORDS);
});

test('a call whose records alone are over the limit is decided all the same', async () => {
  const tenantId = await makeTenant(database.db);
  await insertRecords(tenantId);
  await database.db.execute(`UPDATE call_records SET stem = 'c0' WHERE tenant_id = $1`, [tenantId]);
  const calls = createCallStore(database.db, createTombstones(new Uint8Array(32)));
  await expect(calls.advance(tenantId, ['stem:c0'], decideCalls)).resolves.toMatchObject({ surfaced: 0 });
});

test.each([
  ['records', false],
  ['rows of batches', true],
] as const)(
  '%s of one call over 32 MiB together end as ROW_TOO_LARGE in the order in which they came',
  async (_, isBatch) => {
    const tenantId = await makeTenant(database.db);
    await insertRecords(tenantId, 40);
    await database.db.execute(`UPDATE call_records SET stem = 'c0', is_batch_row = $2 WHERE tenant_id = $1`, [
      tenantId,
      isBatch,
    ]);
    if (isBatch)
      await database.db.execute(`UPDATE files SET kind = 'batch' WHERE tenant_id = $1`, [tenantId]);
    const calls = createCallStore(database.db, createTombstones(new Uint8Array(32)));
    const look = () =>
      database.db.query<{ seq: number; code: string; is_kept: boolean }>(
        `SELECT f.receive_seq AS seq, coalesce(r.outcome_code, f.outcome_code) AS code, r.raw IS NOT NULL AS is_kept FROM files f
         JOIN call_records r ON r.tenant_id = f.tenant_id AND r.file_id = f.id
        WHERE f.tenant_id = $1 ORDER BY f.receive_seq`,
        [tenantId],
      );
    await calls.advance(tenantId, ['stem:c0'], decideCalls);
    const found = await look();
    const dropped = found.filter(({ is_kept }) => !is_kept);
    expect(dropped.map(({ seq }) => seq)).toEqual(
      Array.from({ length: dropped.length }, (_, n) => 41 - dropped.length + n),
    );
    expect(dropped.length).toBeGreaterThanOrEqual(8);
    expect(dropped.length).toBeLessThan(12);
    expect(new Set(dropped.map(({ code }) => code))).toEqual(new Set(['ROW_TOO_LARGE']));
    expect(found.filter(({ code }) => code === 'ROW_TOO_LARGE')).toEqual(dropped);
    await calls.advance(tenantId, ['stem:c0'], decideCalls);
    expect(await look()).toEqual(found);
  },
);
