import type { Policy } from '@callbay/core';
import type { Sql } from '../database/database.ts';
import { findNewestPolicy } from './newest-policy.ts';
import { TENANT_COLUMNS, type TenantRow } from './tenant-views.ts';

/**
 * Locks a tenant's settings: waits for decisions in flight, which hold the row shared, and keeps new ones out until
 * the commit. Arrivals, which only refer to the row, pass. Null without such a tenant.
 */
export async function lockSettings(tx: Sql, tenantId: string): Promise<TenantRow | null> {
  const [row] = await tx.query<TenantRow>(
    `SELECT ${TENANT_COLUMNS} FROM tenants WHERE id = $1 FOR NO KEY UPDATE`,
    [tenantId],
  );
  return row ?? null;
}

/** Publishes the next version of the policy: the newest one with `change` upon it. The tenant must be locked. */
export async function publishPolicy(
  tx: Sql,
  tenantId: string,
  change: Partial<Omit<Policy, 'version'>>,
): Promise<void> {
  const newest = await findNewestPolicy(tx, tenantId);
  if (newest === null) throw new Error(`tenant ${tenantId} has no policy`);
  const policy: Policy = { ...newest, ...change, version: newest.version + 1 };
  await tx.execute(
    'INSERT INTO tenant_policies (tenant_id, version, policy, created_at) VALUES ($1, $2, $3, callbay_now())',
    [tenantId, policy.version, JSON.stringify(policy)],
  );
}

/**
 * Makes every call that is still open due now, so that the sweep decides it by the newest policy and stage. Arrivals do the
 * same meanwhile: both lock in key order.
 */
export async function wakeOpenCalls(tx: Sql, tenantId: string): Promise<void> {
  await tx.execute(
    `WITH open AS (
       SELECT call_key FROM calls WHERE tenant_id = $1 AND status <> 'surfaced'
        ORDER BY call_key COLLATE "C" FOR NO KEY UPDATE
     )
     UPDATE calls c SET due_at = callbay_now() FROM open WHERE c.tenant_id = $1 AND c.call_key = open.call_key`,
    [tenantId],
  );
}

/** Notifies the SFTP servers that what these users may do has changed, once this transaction commits. */
export async function tellAccess(tx: Sql, usernames: readonly string[]): Promise<void> {
  await tx.execute(`SELECT pg_notify('callbay_access', name) FROM unnest($1::text[]) AS name`, [usernames]);
}

/** The same for every user of a tenant. */
export async function tellTenantAccess(tx: Sql, tenantId: string): Promise<void> {
  await tx.execute(`SELECT pg_notify('callbay_access', username) FROM sftp_users WHERE tenant_id = $1`, [
    tenantId,
  ]);
}
