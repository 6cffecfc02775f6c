import type { Database, Sql } from '../database/database.ts';

/** Locks calls in the one order that all take them in: by bytes of their keys. Those that are not there are passed over. */
export async function lockCalls(tx: Sql, tenantId: string, callKeys: readonly string[]): Promise<void> {
  await tx.query(
    'SELECT 1 FROM calls WHERE tenant_id = $1 AND call_key = ANY($2) ORDER BY call_key COLLATE "C" FOR UPDATE',
    [tenantId, callKeys],
    'lock-known-calls',
  );
}

/**
 * Makes the calls that have no row, committed before the caller's transaction begins: that one stores facts, and locks its calls
 * before its files. Made within it, a row that nobody else sees yet would keep a transaction waiting that has the
 * tenant's counters, which we wait for.
 */
export async function makeCalls(db: Database, tenantId: string, callKeys: readonly string[]): Promise<void> {
  await db.execute(
    `INSERT INTO calls (tenant_id, call_key)
     SELECT id, key FROM tenants CROSS JOIN unnest($2::text[]) AS key WHERE id = $1 ORDER BY key COLLATE "C"
         ON CONFLICT DO NOTHING`,
    [tenantId, callKeys],
    'make-calls',
  );
}
