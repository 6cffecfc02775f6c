import { createTestDatabase, makeTenant } from '@callbay/testkit';
import { expect, test } from 'vitest';
import { analyzeNewTables } from '../src/database/statistics.ts';

const CALLS = `insert into calls (tenant_id, call_key) select $1, 'stem:' || n from generate_series(1, 1000) n`;
const FILES = `insert into files (tenant_id, id, drop, name, stem, ext, size_bytes, sent_by, received_at, receive_seq,
    modified_at, shown_name)
  select $1, gen_random_uuid(), 'sftp', n || '.wav', n::text, 'wav', 1, 'test', callbay_now(), n, callbay_now(), n || '.wav'
    from generate_series(1, 1000) n`;

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
    await client.query('set plan_cache_mode = force_generic_plan');
    await client.query(
      `prepare fk_check (text, ${type}) as select 1 from ${table} where tenant_id = $1 and ${key} = $2 for key share`,
    );
    const plan = async (): Promise<string> => {
      const { rows } = await client.query(`explain (costs off) execute fk_check ('${tenantId}', ${value})`);
      return rows.map((row) => row['QUERY PLAN']).join('\n');
    };
    expect(await plan()).not.toContain(`${table}_pkey`);
    await db.execute(insert, [tenantId]);
    await analyzeNewTables(db);
    expect(await plan()).toContain(`using ${table}_pkey`);
    expect(await plan()).toContain(`AND (${key} = $2)`);
  },
);
