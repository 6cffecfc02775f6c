import { randomUUID } from 'node:crypto';
import { decideCalls } from '@callbay/core';
import { createTestDatabase, makeTenant, type TestDatabase, until } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCallStore } from '../src/calls/call-store.ts';
import type { Sql } from '../src/database/database.ts';
import { createTombstones, transact } from '../src/index.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase({ max: 8 });
});
afterAll(() => database.drop());

const calls = () => createCallStore(database.db, createTombstones(new Uint8Array(32)));

/** A file that has been read, and no call of it yet. */
async function insertFile(tenantId: string, name: string, kind: string, seq: number): Promise<string> {
  const [stem, ext] = name.split('.');
  const id = randomUUID();
  await database.db.execute(
    `INSERT INTO files (tenant_id, id, drop, name, stem, ext, size_bytes, blob_key, sent_by, received_at, receive_seq,
            modified_at, kind, sha256, classified_at, media, shown_name)
     VALUES ($1, $2, 'sftp', $3, $4, $5, 1, $6, 'test', callbay_now(), $7, callbay_now(), $8, $3, callbay_now(),
             '{"contentType":"audio/wav","durationSeconds":3,"channels":2,"codec":"pcm","isTruncated":false}', $3)`,
    [tenantId, id, name, stem, ext, `${tenantId}/${id}`, seq, kind],
  );
  return id;
}

const RAW = {
  datetime: '2026-03-02T10:00:00Z',
  email: 'rep@acme.test',
  direction: 'inbound',
  filename: 'a.wav',
};

const insertRow = (sql: Sql, tenantId: string, fileId: string, namedStem: string | null): Promise<number> =>
  sql.execute(
    `INSERT INTO call_records (tenant_id, file_id, row, stem, named_stem, raw, is_batch_row, state)
     VALUES ($1, $2, 1, coalesce($3, 'b'), $3, $4, TRUE, 'received')`,
    [tenantId, fileId, namedStem, JSON.stringify(RAW)],
  );

test('a call that another transaction makes with new facts while it is decided for the first time is decided with them', async () => {
  const { db } = database;
  const tenantId = await makeTenant(db);
  await insertFile(tenantId, 'a.wav', 'recording', 1);
  const batch = await insertFile(tenantId, 'day.csv', 'batch', 2);
  let deciding: ReturnType<ReturnType<typeof calls>['advance']> | undefined;
  await transact(db, async (tx) => {
    await tx.execute(`INSERT INTO calls (tenant_id, call_key) VALUES ($1, 'stem:a')`, [tenantId]);
    await insertRow(tx, tenantId, batch, 'a');
    deciding = calls().advance(tenantId, ['stem:a'], decideCalls);
    deciding.catch(() => {});
    await until('the decision waits for the call', async () => {
      const waiting = await db.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      return waiting.length > 0;
    });
  });
  expect(await deciding).toMatchObject({ surfaced: 1 });
  expect(await db.query('SELECT status, revision FROM calls WHERE tenant_id = $1', [tenantId])).toEqual([
    { status: 'surfaced', revision: 1 },
  ]);
});

test('many who decide the calls of a row for the first time at once, as it comes to name another, surface one call once', async () => {
  const { db } = database;
  const tenantId = await makeTenant(db);
  await insertFile(tenantId, 'a.wav', 'recording', 1);
  const batch = await insertFile(tenantId, 'day.csv', 'batch', 2);
  await insertRow(db, tenantId, batch, null);
  const keys = ['stem:a', 'stem:b', 'stem:c'];
  const results = await Promise.all(
    Array.from({ length: 5 }, async () => {
      const first = await calls().advance(tenantId, keys, decideCalls);
      return [first, await calls().advance(tenantId, keys, decideCalls)];
    }),
  );
  expect(results.flat().reduce((sum, { surfaced }) => sum + surfaced, 0)).toBe(1);
  expect(await db.query('SELECT seq, type FROM outbox WHERE tenant_id = $1', [tenantId])).toHaveLength(1);
});
