import { DROP_RETENTION_MS } from '@callbay/core';
import { intervalSql } from '../database/constants.ts';
import type { Database, Sql } from '../database/database.ts';
import { isOpenSql } from '../database/state-conditions.ts';

/** Waiting records noted in one statement, and statements in one sweep; the next sweep goes on. */
const NOTE_LIMIT = 5_000;
const NOTES_AT_ONCE = 200;

/**
 * Notes records that wait without a recording and that no comparison knows of: they were read before the tenant
 * registered any. `tenantIds` null: of all tenants. Answers how many.
 */
export const noteWaitingRecords = (
  sql: Sql,
  tenantIds: readonly string[] | null,
  limit: number,
): Promise<number> =>
  sql.execute(
    `INSERT INTO linkage_records (tenant_id, file_id, row, due_at, ambiguous_matches)
     SELECT r.tenant_id, r.file_id, r.row, callbay_now(), '{}'
       FROM (SELECT DISTINCT tenant_id FROM external_recordings WHERE $1::text[] IS NULL OR tenant_id = ANY($1)) t
       JOIN files f ON f.tenant_id = t.tenant_id
            AND (f.folder = 'data' AND f.kind = 'sidecar' AND ${isOpenSql('f.')}
                 OR f.kind = 'batch' AND f.received_at > callbay_now() - ${intervalSql(DROP_RETENTION_MS)})
       JOIN call_records r ON r.tenant_id = f.tenant_id AND r.file_id = f.id
            AND (NOT r.is_batch_row OR ${isOpenSql('r.')})
      WHERE r.named_stem IS NULL AND r.raw IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM linkage_records l
                         WHERE l.tenant_id = r.tenant_id AND l.file_id = r.file_id AND l.row = r.row)
      LIMIT $2 ON CONFLICT DO NOTHING`,
    [tenantIds, limit],
  );

/** The same for a tenant that registered its first only now: what was being read meanwhile was not noted. */
export async function noteForNewTenant(db: Database, tenantId: string): Promise<void> {
  const [found] = await db.query<{ is_new: boolean }>(
    `SELECT EXISTS (SELECT FROM external_recordings WHERE tenant_id = $1 AND due_at <= callbay_now())
        AND NOT EXISTS (SELECT FROM external_recordings
                         WHERE tenant_id = $1 AND updated_at < (SELECT callbay_now()) - interval '1 minute') AS is_new`,
    [tenantId],
    'new-linkage-tenant',
  );
  if (found?.is_new !== true) return;
  for (let turn = 0; turn < NOTES_AT_ONCE; turn += 1) {
    if ((await noteWaitingRecords(db, [tenantId], NOTE_LIMIT)) < NOTE_LIMIT) break;
  }
}

/** Of all tenants where $2 is null. */
const IS_OF = '($2::text[] IS NULL OR l.tenant_id = ANY($2))';
/** The file of a batch is done as soon as it is read: its rows have states of their own. */
const STATE_OF_RECORD = `JOIN LATERAL (
  SELECT CASE WHEN r.is_batch_row THEN r.state ELSE f.state END AS state FROM call_records r
    JOIN files f ON f.tenant_id = r.tenant_id AND f.id = r.file_id
   WHERE r.tenant_id = l.tenant_id AND r.file_id = l.file_id AND r.row = l.row) r ON TRUE`;

/**
 * Makes due what nothing else does: unnoted records, fields read by an older policy, and ties whose rivals may be gone.
 * What has ended needs no comparison, and its fields are not kept a second time.
 */
export async function findForgotten(
  db: Database,
  tenantIds: readonly string[] | null,
  limit: number,
): Promise<number> {
  await db.execute(
    `DELETE FROM linkage_records WHERE (tenant_id, file_id, row) IN (
       SELECT l.tenant_id, l.file_id, l.row FROM linkage_records l ${STATE_OF_RECORD}
        WHERE state IN ('done', 'rejected', 'withdrawn') AND ${IS_OF} LIMIT $1)`,
    [limit, tenantIds],
  );
  let found = await noteWaitingRecords(db, tenantIds, limit);
  for (const [table, stateOf] of [
    ['linkage_records', STATE_OF_RECORD],
    ['external_recordings', 'JOIN files f ON f.tenant_id = l.tenant_id AND f.id = l.file_id'],
  ]) {
    found += await db.execute(
      `UPDATE ${table} l SET due_at = callbay_now(), policy_version = NULL FROM (
         SELECT l.ctid AS place FROM ${table} l ${stateOf}
          WHERE ${isOpenSql('')} AND l.due_at IS NULL
            AND (l.ambiguous_matches <> '{}' OR l.policy_version IS DISTINCT FROM
                 (SELECT max(version) FROM tenant_policies p WHERE p.tenant_id = l.tenant_id))
            AND ${IS_OF} LIMIT $1) stale
        WHERE l.ctid = stale.place`,
      [limit, tenantIds],
    );
  }
  return found;
}
