import type { Sql } from './database.ts';

/** What many rows refer to, and are found in by key. */
const TABLES = ['files', 'call_records', 'calls'];
const FIRST_BYTES = 64 * 1024;

/**
 * Analyzes tables that have filled and that the planner knows nothing of: those of a new installation, until its first
 * vacuum. Unknown, any index that begins with the tenant promises as few rows as the key, so that each check of a
 * reference reads all rows of the tenant, and every connection keeps such a plan while a batch makes the tables a thousand
 * times as large. ANALYZE has all of them plan anew; once is enough, since from then on sizes are followed.
 */
export async function analyzeNewTables(sql: Sql): Promise<void> {
  const unknown = await sql.query<{ name: string }>(
    `SELECT oid::regclass::text AS name FROM pg_class
      WHERE oid = ANY($1::regclass[]) AND reltuples <= 0 AND pg_relation_size(oid) >= $2`,
    [TABLES, FIRST_BYTES],
    'new-tables',
  );
  // Whoever analyzes it just now does the same: nobody waits for that.
  for (const { name } of unknown) await sql.execute(`ANALYZE (SKIP_LOCKED) ${name}`);
}
