import type { Sql } from '../database/database.ts';

/** Locks calls in the one order that all take them in: by bytes of their keys. Those that are not there are passed over. */
export async function lockCalls(tx: Sql, tenantId: string, callKeys: readonly string[]): Promise<void> {
  await tx.query(
    'SELECT 1 FROM calls WHERE tenant_id = $1 AND call_key = ANY($2) ORDER BY call_key COLLATE "C" FOR UPDATE',
    [tenantId, callKeys],
    'lock-known-calls',
  );
}
