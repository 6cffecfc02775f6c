// What sharding by tenant stands on: docs/scaling.md and ADR 64.
import { createTestDatabase, type TestDatabase } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

/** Unique over all tenants: to be kept in one place when tenants are on several databases. */
const OF_ALL_TENANTS: Readonly<Record<string, readonly string[]>> = {
  audit_log: ['id'],
  file_steps: ['id'],
  s3_drops: ['bucket,prefix', 'token_digest'],
  s3_events: ['id'],
  sftp_users: ['username'],
};

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());

const HAS_TENANT = `
SELECT attrelid FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid
 WHERE attname = 'tenant_id' AND NOT attisdropped AND relkind = 'r' AND relnamespace = 'public'::regnamespace`;

test('whatever is unique in a table of tenants is so within its tenant, but for what is listed', async () => {
  const rows = await database.db.query<{ table: string; columns: string }>(
    `SELECT indrelid::regclass::text AS table, string_agg(attname, ',' ORDER BY place) AS columns
       FROM pg_index, unnest(indkey) WITH ORDINALITY AS k(attnum, place)
       JOIN pg_attribute a ON TRUE
      WHERE a.attrelid = indrelid AND a.attnum = k.attnum AND indisunique AND indrelid IN (${HAS_TENANT})
      GROUP BY indexrelid, indrelid ORDER BY 1, 2`,
  );
  expect(rows.length).toBeGreaterThan(40);
  const found: Record<string, string[]> = {};
  for (const { table, columns } of rows)
    if (!columns.split(',').includes('tenant_id')) found[table] = [...(found[table] ?? []), columns];
  expect(found).toEqual(OF_ALL_TENANTS);
});

test('references between tables of tenants hold the tenant on both sides', async () => {
  const rows = await database.db.query<{ name: string; from: string[]; to: string[] }>(
    `SELECT conname AS name,
            (SELECT array_agg(attname::text ORDER BY attnum) FROM pg_attribute WHERE attrelid = conrelid AND attnum = ANY (conkey)) AS from,
            (SELECT array_agg(attname::text ORDER BY attnum) FROM pg_attribute WHERE attrelid = confrelid AND attnum = ANY (confkey)) AS to
       FROM pg_constraint
      WHERE contype = 'f' AND conrelid IN (${HAS_TENANT}) AND confrelid IN (${HAS_TENANT})`,
  );
  expect(rows.length).toBeGreaterThan(10);
  expect(rows.filter(({ from, to }) => !from.includes('tenant_id') || !to.includes('tenant_id'))).toEqual([]);
});
