import type { Policy } from '@callbay/core';
import type { Sql } from '../database/database.ts';

/** The policy that the tenant's open facts are judged by; null without such a tenant. */
export async function findNewestPolicy(sql: Sql, tenantId: string): Promise<Policy | null> {
  const [row] = await sql.query<{ policy: Policy }>(
    'SELECT policy FROM tenant_policies WHERE tenant_id = $1 ORDER BY version DESC LIMIT 1',
    [tenantId],
    'newest-policy',
  );
  return row?.policy ?? null;
}
