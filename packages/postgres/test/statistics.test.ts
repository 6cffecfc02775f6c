import { createTestDatabase, makeTenant } from '@callbay/testkit';
import { expect, test } from 'vitest';
import { analyzeNewTables } from '../src/database/statistics.ts';

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
    expect(await plan()).not.toContain(`${table}_pkey`);
    await db.execute(insert, [tenantId]);
    await analyzeNewTables(db);
    expect(await plan()).toContain(`using ${table}_pkey`);
    expect(await plan()).toContain(`AND (${key} = $2)`);
  },
);
