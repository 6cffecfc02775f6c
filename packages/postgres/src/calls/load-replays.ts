import type { CallReplay } from '@callbay/core';
import type { Sql } from '../database/database.ts';

/** A call gathers one for each policy version at most. */
const REPLAYS_LIMIT = 50_000;

/** The replays of visible calls by their keys; no other call has any. */
export async function loadReplays(
  tx: Sql,
  tenantId: string,
  callKeys: readonly string[],
): Promise<ReadonlyMap<string, readonly CallReplay[]>> {
  if (callKeys.length === 0) return new Map();
  const rows = await tx.query<{ call_key: string; seq: number; policy_version: number; at: Date }>(
    `SELECT call_key, seq, policy_version, at FROM call_replays WHERE tenant_id = $1 AND call_key = ANY($2)
      LIMIT ${REPLAYS_LIMIT}`,
    [tenantId, callKeys],
    'load-replays',
  );
  if (rows.length >= REPLAYS_LIMIT) {
    throw new Error(`over ${REPLAYS_LIMIT} replays touch one call of tenant ${tenantId}`);
  }
  const byKey = Map.groupBy(rows, (row) => row.call_key);
  return new Map(
    [...byKey].map(([key, of]) => [
      key,
      of.map((row) => ({ seq: row.seq, policyVersion: row.policy_version, at: row.at.getTime() })),
    ]),
  );
}
