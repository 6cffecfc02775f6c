import type { Policy } from '@callbay/core';
import type { Sql } from '../database/database.ts';

/** The policy that the tenant's open facts are judged by; null without such a tenant. */
export async function findNewestPolicy(sql: Sql, tenantId: string): Promise<Policy | null> {
  return (await findNewestPublished(sql, tenantId))?.policy ?? null;
}

export interface PublishedPolicy {
  readonly policy: Policy;
  readonly created_at: Date;
}

/** The same, with the time since which it is in force. */
export async function findNewestPublished(sql: Sql, tenantId: string): Promise<PublishedPolicy | null> {
  const [row] = await sql.query<PublishedPolicy>(
    'SELECT policy, created_at FROM tenant_policies WHERE tenant_id = $1 ORDER BY version DESC LIMIT 1',
    [tenantId],
    'newest-policy',
  );
  return row ?? null;
}
