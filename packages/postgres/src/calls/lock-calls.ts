import type { Sql } from '../database/database.ts';

/** Locks calls in the one order that all take them in: by bytes of their keys. Those that are not there are passed over. */
export async function lockCalls(tx: Sql, tenantId: string, callKeys: readonly string[]): Promise<void> {
  await tx.query(
    'select 1 from calls where tenant_id = $1 and call_key = any($2) order by call_key collate "C" for update',
    [tenantId, callKeys],
    'lock-known-calls',
  );
}
