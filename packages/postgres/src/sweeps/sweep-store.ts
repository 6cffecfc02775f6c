import {
  DROP_RETENTION_MS,
  FEED_CONSUMER,
  PURGE_WARNING_AGE_MS,
  STEP_SENTENCES,
  WEBHOOK_CONSUMERS,
} from '@callbay/core';
import {
  type ExpiredFile,
  type PurgePreviewItem,
  type SweepStore,
  WATCHED_SWEEPS,
  type WatchedSweep,
  WHOLE,
} from '@callbay/ingestion';
import { trimAudit } from '../access/trim-audit.ts';
import { isClaimableSql } from '../batch/batch-slices.ts';
import { intervalSql, textSql } from '../database/constants.ts';
import { type Database, type Sql, transact } from '../database/database.ts';
import { isCompleteHoldSql } from '../database/state-conditions.ts';
import { isExpiredSql, purgeAtSql } from '../drop/purge-times.ts';
import { isClaimableSql as isClaimableCursorSql } from '../events/event-cursor-store.ts';
import { trimEvents } from '../events/trim-events.ts';
import { listTenants } from '../tenants/list-tenants.ts';
import { purgeFiles } from './purge-files.ts';
import { isInSliceSql } from './slices.ts';
import { createSweepLocks } from './sweep-locks.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** Each looks at the first row of an index that holds only what is open. */
const FIND_WAITING = `
SELECT EXISTS (SELECT FROM calls WHERE due_at <= callbay_now()) AS "due-calls",
       EXISTS (SELECT FROM files
                WHERE classified_at IS NULL AND blob_key IS NOT NULL AND purged_at IS NULL
                  AND received_at <= callbay_now() - $1 * interval '1 millisecond'
                  AND (read_again_at IS NULL OR read_again_at <= callbay_now())) AS "unread-files",
       EXISTS (SELECT FROM batches b WHERE ${isClaimableSql('b')}) AS "batches",
       EXISTS (SELECT FROM linkage_records WHERE due_at <= callbay_now())
         OR EXISTS (SELECT FROM external_recordings WHERE due_at <= callbay_now()) AS "links",
       EXISTS (SELECT FROM crm_imports WHERE NOT is_settled) AS "crm-imports",
       EXISTS (SELECT FROM event_cursors c WHERE starts_with(c.consumer, '${WEBHOOK_CONSUMERS}:') AND ${isClaimableCursorSql('c')}) AS "webhooks",
       EXISTS (SELECT FROM event_cursors c WHERE c.consumer = '${FEED_CONSUMER}' AND ${isClaimableCursorSql('c')}) AS "feeds"`;

/** One statement, so that both numbers are of one instant. A purged recording is stored as long as its call. */
const COUNT_STORED = `
  INSERT INTO tenant_storage (tenant_id, stored_bytes, received_bytes, counted_at)
  SELECT $1, coalesce(stored.bytes, 0), counter.bytes, callbay_now()
    FROM tenant_counters counter,
         (SELECT sum(f.size_bytes)::bigint AS bytes FROM files f
           WHERE f.tenant_id = $1 AND f.blob_key IS NOT NULL
             AND (f.purged_at IS NULL
                  OR EXISTS (SELECT FROM calls c WHERE c.tenant_id = $1 AND c.media_blob_key = f.blob_key))) stored
   WHERE counter.tenant_id = $1 AND counter.name = 'receive'
      ON CONFLICT (tenant_id) DO UPDATE
     SET stored_bytes = excluded.stored_bytes, received_bytes = excluded.received_bytes,
         counted_at = excluded.counted_at`;

/** Of a file older than `$1`: nobody was told yet that it will be purged unpaired. */
const IS_PURGED_SOON = `purged_at IS NULL AND drop <> 'external' AND state = 'held' AND NOT ${isCompleteHoldSql('')}
  AND purge_warned_at IS NULL AND received_at <= callbay_now() - $1 * interval '1 millisecond'`;

export function createSweepStore(db: Database): SweepStore {
  return {
    findExpiredFiles: (limit, { exceptTenantIds = [], exceptFileIds = [], slice = WHOLE } = {}) =>
      db.query<ExpiredFile>(
        `SELECT tenant_id AS "tenantId", id AS "fileId", stem, call_key AS "callKey", replay_seq AS "replaySeq" FROM files
          WHERE purged_at IS NULL AND drop <> 'external'
            AND ${isExpiredSql('')}
            AND (classified_at IS NOT NULL OR blob_key IS NULL OR ${isExpiredSql('', DAY_MS)})
            AND tenant_id <> ALL($2) AND id <> ALL($3::uuid[]) AND ${isInSliceSql('stem', '$4', '$5')}
          ORDER BY received_at LIMIT $1`,
        [limit, exceptTenantIds, exceptFileIds, slice.nth, slice.of],
      ),

    purgeFiles: (tenantId, files) => transact(db, (tx) => purgeFiles(tx, tenantId, files)),

    findPurgesToWarnOf: (limit, exceptTenantIds) =>
      db.query<{ tenantId: string }>(
        `SELECT t.id AS "tenantId" FROM tenants t
          WHERE t.id <> ALL($3) AND EXISTS (SELECT FROM files WHERE tenant_id = t.id AND ${IS_PURGED_SOON}) LIMIT $2`,
        [PURGE_WARNING_AGE_MS, limit, exceptTenantIds],
      ),

    async warnOfPurges(tenantId, limit) {
      const rows = await db.query<{ id: string }>(
        `WITH soon AS (
           SELECT tenant_id, id FROM files WHERE tenant_id = $3 AND ${IS_PURGED_SOON}
            ORDER BY received_at LIMIT $2 FOR UPDATE SKIP LOCKED
         ), warned AS (
           UPDATE files f SET purge_warned_at = callbay_now() FROM soon
            WHERE f.tenant_id = soon.tenant_id AND f.id = soon.id
           RETURNING f.tenant_id, f.id, f.outcome_code, ${purgeAtSql('f.')} AS purge_at
         )
         INSERT INTO file_steps (tenant_id, file_id, at, step, code, message, detail, dedupe)
         SELECT tenant_id, id, callbay_now(), 'purge-warning', outcome_code,
                ${textSql(STEP_SENTENCES.purgeSoon)},
                jsonb_build_object('purgeAt', purge_at), 'purge-warning'
           FROM warned ON CONFLICT DO NOTHING RETURNING file_id AS id`,
        [PURGE_WARNING_AGE_MS, limit, tenantId],
      );
      return rows.length;
    },

    async previewPurge(tenantId, { until, limit, after }) {
      const rows = await db.query<{
        id: string;
        name: string;
        state: string;
        outcome_code: string | null;
        received_at: Date;
        purge_at: Date;
        kept: boolean;
      }>(
        `SELECT f.id, f.name, f.state, f.outcome_code, f.received_at, ${purgeAtSql('f.')} AS purge_at,
                EXISTS (SELECT 1 FROM calls c WHERE c.tenant_id = f.tenant_id AND c.media_blob_key = f.blob_key) AS kept
           FROM files f
          WHERE f.tenant_id = $1 AND f.purged_at IS NULL AND f.drop <> 'external'
            AND f.received_at <= $2::timestamptz - ${intervalSql(DROP_RETENTION_MS)}
            AND ${purgeAtSql('f.')} <= $2
            AND ($3::timestamptz IS NULL OR (${purgeAtSql('f.')}, f.id) > ($3, $4::uuid))
          ORDER BY purge_at, f.id LIMIT $5`,
        [tenantId, until, after?.purgeAt ?? null, after?.fileId ?? null, limit],
      );
      return rows.map(
        (row): PurgePreviewItem => ({
          fileId: row.id,
          name: row.name,
          state: row.state,
          code: row.outcome_code,
          receivedAt: row.received_at,
          purgeAt: row.purge_at,
          keptByCall: row.kept,
        }),
      );
    },

    findOrphans: (tenantId, keys) => findOrphans(db, tenantId, keys),

    removeOrphans: (tenantId, keys, remove) =>
      transact(db, async (tx) => {
        // Every receipt of a file takes its place by this row, and commits with it.
        await tx.execute("SELECT FROM tenant_counters WHERE tenant_id = $1 AND name = 'receive' FOR UPDATE", [
          tenantId,
        ]);
        const orphans = await findOrphans(tx, tenantId, keys);
        for (const key of orphans) await remove(key);
        return orphans.length;
      }),

    listTenants: (after, limit) => listTenants(db, after, limit),
    trimEvents: (tenantIds, limit) => trimEvents(db, tenantIds, limit),
    trimAudit: (limit) => trimAudit(db, limit),

    async findUncounted(limit) {
      const rows = await db.query<{ id: string }>(
        `SELECT t.id FROM tenants t LEFT JOIN tenant_storage s ON s.tenant_id = t.id
          WHERE t.settings ->> 'storageQuotaBytes' IS NOT NULL
            AND (s.counted_at IS NULL OR s.counted_at < callbay_now() - interval '10 minutes')
          ORDER BY s.counted_at NULLS FIRST LIMIT $1`,
        [limit],
      );
      return rows.map(({ id }) => id);
    },

    countStored: async (tenantId) => void (await db.execute(COUNT_STORED, [tenantId])),

    async readClock() {
      const [row] = await db.query<{ now: Date }>('SELECT clock_timestamp() AS now');
      return row!.now;
    },

    async findWaiting(unreadAfterMs) {
      const [row] = await db.query<Record<WatchedSweep, boolean>>(
        FIND_WAITING,
        [unreadAfterMs],
        'find-waiting-sweeps',
      );
      return WATCHED_SWEEPS.filter((name) => row?.[name] === true);
    },

    runExclusively: createSweepLocks(db.pool),
  };
}

async function findOrphans(sql: Sql, tenantId: string, keys: readonly string[]): Promise<string[]> {
  const rows = await sql.query<{ key: string }>(
    `SELECT key FROM unnest($2::text[]) AS key
      WHERE NOT EXISTS (SELECT FROM files WHERE tenant_id = $1 AND blob_key = key AND purged_at IS NULL)
        AND NOT EXISTS (SELECT FROM calls WHERE tenant_id = $1 AND media_blob_key = key)`,
    [tenantId, keys],
  );
  return rows.map(({ key }) => key);
}
