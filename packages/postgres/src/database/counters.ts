import type { Sql } from './database.ts';

/** Takes `count` numbers in commit order; answers the last one taken before. Nothing but writes under these numbers may follow. */
export async function takeCounter(tx: Sql, tenantId: string, name: string, count: number): Promise<number> {
  const [row] = await tx.query<{ base: number }>(
    `UPDATE tenant_counters SET value = value + $3 WHERE tenant_id = $1 AND name = $2 RETURNING value - $3 AS base`,
    [tenantId, name, count],
  );
  if (!row) throw new Error(`tenant ${tenantId} has no counter ${name}`);
  return row.base;
}
