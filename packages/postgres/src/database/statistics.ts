import type { Sql } from './database.ts';

/**
 * What many rows refer to, and are found in by key: the columns of these keys. Metadata and words, whose statistics cost the
 * most, are autovacuum's part, which a partial ANALYZE does not put off.
 */
const KEY_COLUMNS: Readonly<Record<string, string>> = {
  files:
    'tenant_id, id, name, stem, ext, receive_seq, state, classified_at, purged_at, folder, shown_name, blob_key',
  call_records: 'tenant_id, file_id, row, stem, named_stem, is_batch_row, state, outcome_code',
  calls: `tenant_id, call_key, status, call_id, change_seq, recording_file_id, record_file_id, record_row, media_blob_key,
    started_at, user_id, due_at, waits_for_seq`,
};
const FIRST_BYTES = 64 * 1024;
const PAGE_BYTES = 8192;
/** A table that has grown this much since it was analyzed is another one to a plan. */
const GROWTH = 8;

/**
 * Analyzes tables that have filled and that the planner knows nothing of: those of a new installation, until its first
 * vacuum. Unknown, any index that begins with the tenant promises as few rows as the key, so that each check of a
 * reference reads all rows of the tenant, and every connection keeps such a plan while a batch makes the tables a thousand
 * times as large. ANALYZE has all of them plan anew. A plan for a hundred rows reads them all, which is cheapest then, and is
 * kept as well: a table that has grown eightfold is analyzed again, which autovacuum would do a minute later.
 */
export async function analyzeNewTables(sql: Sql): Promise<void> {
  const unknown = await sql.query<{ name: string }>(
    `SELECT oid::regclass::text AS name FROM pg_class
      WHERE oid = ANY($1::regclass[])
        AND pg_relation_size(oid) >= greatest($2, CASE WHEN reltuples > 0 THEN relpages::bigint * $3 ELSE 0 END)`,
    [Object.keys(KEY_COLUMNS), FIRST_BYTES, PAGE_BYTES * GROWTH],
    'new-tables',
  );
  // Whoever analyzes it just now does the same: nobody waits for that.
  for (const { name } of unknown) {
    await sql.execute(`ANALYZE (SKIP_LOCKED) ${name} (${KEY_COLUMNS[name]})`);
  }
}

/**
 * The same, for many who ask at once: whoever comes while tables are being analyzed waits for that. Each would find them
 * unknown until then, and analyze them once more.
 */
export function createPlanKeeper(sql: Sql): () => Promise<void> {
  let underWay: Promise<void> | null = null;
  return () => {
    underWay ??= analyzeNewTables(sql).finally(() => {
      underWay = null;
    });
    return underWay;
  };
}
