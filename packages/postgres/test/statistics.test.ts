import { createTestDatabase, makeTenant } from '@callbay/testkit';
import { expect, test } from 'vitest';
import { analyzeNewTables, createPlanKeeper } from '../src/database/statistics.ts';

const CALLS = `INSERT INTO calls (tenant_id, call_key) SELECT $1, 'stem:' || n FROM generate_series(1, 1000) n`;
const FILES = `INSERT INTO files (tenant_id, id, drop, name, stem, ext, size_bytes, sent_by, received_at, receive_seq,
    modified_at, shown_name)
  SELECT $1, gen_random_uuid(), 'sftp', n || '.wav', n::text, 'wav', 1, 'test', callbay_now(), n, callbay_now(), n || '.wav'
    FROM generate_series(1, 1000) n`;

test.each([
  { table: 'calls', key: 'call_key', type: 'text', insert: CALLS, value: `'stem:1'` },
  { table: 'files', key: 'id', type: 'uuid', insert: FILES, value: 'gen_random_uuid()' },
])(
  'a connection of a new installation finds $table by their key once they have filled',
  async ({ table, key, type, insert, value }) => {
    await using database = await createTestDatabase();
    const { db } = database;
    const tenantId = await makeTenant(db);
    await using stack = new AsyncDisposableStack();
    const client = stack.adopt(await db.pool.connect(), (it) => it.release());
    // As a check of a foreign key: planned once, on what is known then, and kept by the connection.
    await client.query('SET plan_cache_mode = force_generic_plan');
    await client.query(
      `PREPARE fk_check (text, ${type}) AS SELECT 1 FROM ${table} WHERE tenant_id = $1 AND ${key} = $2 FOR KEY SHARE`,
    );
    const plan = async (): Promise<string> => {
      const { rows } = await client.query(`EXPLAIN (COSTS OFF) EXECUTE fk_check ('${tenantId}', ${value})`);
      return rows.map((row) => row['QUERY PLAN']).join('\n');
    };
    await db.execute(insert, [tenantId]);
    await analyzeNewTables(db);
    expect(await plan()).toContain(`using ${table}_pkey`);
    expect(await plan()).toContain(`AND (${key} = $2)`);
  },
);

test('many who find a new table at once have it analyzed once', async () => {
  await using database = await createTestDatabase();
  const { db } = database;
  await db.execute(CALLS, [await makeTenant(db)]);
  const asked: Promise<unknown>[] = [];
  const analyzed: string[] = [];
  const keepPlansGood = createPlanKeeper({
    query: <Row>(...statement: Parameters<typeof db.query>): Promise<Row[]> => {
      const rows = db.query<Row>(...statement);
      asked.push(rows);
      return rows;
    },
    execute: async (...statement) => {
      // Nothing is analyzed before all have their answers.
      await Promise.all(asked);
      analyzed.push(statement[0]);
      return db.execute(...statement);
    },
  });
  await Promise.all(Array.from({ length: 5 }, keepPlansGood));
  await keepPlansGood();
  expect(analyzed).toEqual([expect.stringMatching(/^ANALYZE \(SKIP_LOCKED\) calls /)]);
});

test('a table that has grown eightfold since it was analyzed is analyzed again, and no sooner', async () => {
  await using database = await createTestDatabase();
  const { db } = database;
  const tenantId = await makeTenant(db);
  const rowsKnown = async (): Promise<number> => {
    const [row] = await db.query<{ rows: number }>(
      `SELECT reltuples::float8 AS rows FROM pg_class WHERE oid = 'calls'::regclass`,
    );
    return row!.rows;
  };
  const insert = (from: number, to: number) =>
    db.execute(
      `INSERT INTO calls (tenant_id, call_key) SELECT $1, 'stem:' || n FROM generate_series($2::int, $3::int) n`,
      [tenantId, from, to],
    );
  await insert(1, 1_000);
  await analyzeNewTables(db);
  expect(await rowsKnown()).toBe(1_000);
  await insert(1_001, 4_000);
  await analyzeNewTables(db);
  expect(await rowsKnown()).toBe(1_000);
  await insert(4_001, 9_000);
  await analyzeNewTables(db);
  expect(await rowsKnown()).toBe(9_000);
});
