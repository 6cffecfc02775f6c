import type { Policy } from '@callbay/core';
import type { Sql } from '../database/database.ts';

/** The policy that the tenant's open facts are judged by; null without such a tenant. */
export async function findNewestPolicy(sql: Sql, tenantId: string): Promise<Policy | null> {
  const [row] = await sql.query<{ policy: Policy }>(
    'select policy from tenant_policies where tenant_id = $1 order by version desc limit 1',
    [tenantId],
    'newest-policy',
  );
  return row?.policy ?? null;
}
