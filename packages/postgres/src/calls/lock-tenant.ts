import type { CallFacts, CallPolicies, Policy } from '@callbay/core';
import type { Sql } from '../database/database.ts';
import { findNewestPublished, type PublishedPolicy } from '../tenants/newest-policy.ts';

/**
 * Whoever stores a sidecar locks its calls; the rows of a batch are too many for that. So while calls are decided no batch
 * becomes readable: one that did after the facts were loaded would be neither among them nor waited for as unread.
 */
export const lockRows = (tx: Sql, tenantId: string, as: 'reader' | 'writer'): Promise<unknown> =>
  tx.query(
    `SELECT pg_advisory_xact_lock${as === 'reader' ? '_shared' : ''}(hashtextextended('callbay.rows ' || $1, 0))`,
    [tenantId],
    `lock-rows-${as}`,
  );

/** A tenant's stage and newest policy, held still until the transaction ends. */
export interface LockedTenant {
  readonly stage: string;
  readonly surface_from: Date | null;
  readonly policy: Policy;
  /** Since when the policy is in force. */
  readonly policySince: Date;
}

/**
 * Holds the tenant's settings still: a change of stage or policy waits for this transaction, and then marks due every
 * call this transaction left open. Taken before any call's lock, as those changes do.
 */
export async function lockTenant(tx: Sql, tenantId: string): Promise<LockedTenant | null> {
  const [tenant] = await tx.query<{ stage: string; surface_from: Date | null }>(
    'SELECT stage, surface_from FROM tenants WHERE id = $1 FOR SHARE',
    [tenantId],
    'lock-tenant',
  );
  if (!tenant) return null;
  const newest = await findNewestPublished(tx, tenantId);
  if (newest === null) throw new Error(`tenant ${tenantId} has no policy`);
  return { ...tenant, policy: newest.policy, policySince: newest.created_at };
}

/**
 * The policies in force when records came that are still open and older than the newest, in their order. None for nearly
 * every decision.
 */
async function policiesAtArrival(
  tx: Sql,
  tenantId: string,
  { policySince }: LockedTenant,
  facts: readonly CallFacts[],
): Promise<PublishedPolicy[]> {
  const open = facts
    .flatMap(({ records }) => records)
    .filter(({ judgedPolicy, replaySeq }) => judgedPolicy === null && replaySeq === null)
    .map(({ seenAt, receivedAt }) => seenAt ?? receivedAt);
  const times = [...new Set(open.filter((at) => at < policySince.getTime()))];
  if (times.length === 0) return [];
  const rows = await tx.query<PublishedPolicy>(
    `SELECT DISTINCT ON (p.version) p.policy, p.created_at
       FROM unnest($2::timestamptz[]) AS came (at)
       CROSS JOIN LATERAL (SELECT version, policy, created_at FROM tenant_policies
                            WHERE tenant_id = $1 AND created_at <= came.at ORDER BY version DESC LIMIT 1) p
      ORDER BY p.version`,
    [tenantId, times.map((at) => new Date(at).toISOString())],
    'policies-at-arrival',
  );
  return rows;
}

/** The tenant's newest policy, those that its ended facts were judged by, and those that calls were replayed by. */
export async function policiesFor(
  tx: Sql,
  tenantId: string,
  tenant: LockedTenant,
  judged: Iterable<{ readonly judged_policy: number | null }>,
  facts: readonly CallFacts[],
): Promise<CallPolicies> {
  const pinned = new Map([[tenant.policy.version, tenant.policy]]);
  const versions = new Set(
    [
      ...[...judged].map((fact) => fact.judged_policy),
      ...facts.flatMap((f) => f.replays ?? []).map((replay) => replay.policyVersion),
    ].filter((v) => v !== null && !pinned.has(v)),
  );
  if (versions.size > 0) {
    const rows = await tx.query<{ policy: Policy }>(
      'SELECT policy FROM tenant_policies WHERE tenant_id = $1 AND version = ANY($2)',
      [tenantId, [...versions]],
    );
    for (const { policy } of rows) pinned.set(policy.version, policy);
  }
  const former = await policiesAtArrival(tx, tenantId, tenant, facts);
  for (const { policy } of former) pinned.set(policy.version, policy);
  return {
    current: tenant.policy,
    pinned,
    published: [...former, { policy: tenant.policy, created_at: tenant.policySince }].map(
      ({ policy, created_at }) => ({ version: policy.version, since: created_at.getTime() }),
    ),
    isLive: tenant.stage === 'live',
    surfaceFrom: tenant.surface_from?.getTime() ?? null,
  };
}
