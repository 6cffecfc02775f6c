import type {
  KeptEvent,
  ListingMarker,
  ObjectToClear,
  RestingObject,
  S3Drop,
  S3Store,
} from '@callbay/ingestion';
import type { Database } from '../database/database.ts';
import { listReceiptsDue, recordCleared, recordReceipts } from '../drop/receipts-due.ts';
import { createSweepLocks } from '../sweeps/sweep-locks.ts';

const DROP_COLUMNS = `d.tenant_id AS "tenantId", d.bucket, d.prefix, d.state, d.broken_reason IS NOT NULL AS "isBroken",
       nullif(t.settings -> 'temporaryNames', 'null') AS "temporaryNames"`;
const DROPS = 's3_drops d JOIN tenants t ON t.id = d.tenant_id';

/** Prefixes end with `/` and never hold one in between, so that at most one drop fits. */
const FIND_DROP_OF = `
SELECT ${DROP_COLUMNS} FROM ${DROPS}
 WHERE d.bucket = $1 AND d.prefix = ANY (ARRAY['', split_part($2, '/', 1) || '/'])
 ORDER BY length(d.prefix) DESC LIMIT 1`;

const CLAIM_LISTINGS = `
WITH due AS (
  SELECT tenant_id FROM s3_drops WHERE list_due_at <= callbay_now() AND state <> 'provisioning'
   ORDER BY list_due_at LIMIT $2 FOR UPDATE SKIP LOCKED
), claimed AS (
  UPDATE s3_drops d SET list_due_at = callbay_now() + $1 * interval '1 millisecond' FROM due
   WHERE d.tenant_id = due.tenant_id RETURNING d.*
)
SELECT ${DROP_COLUMNS}, d.list_marker AS marker FROM claimed d JOIN tenants t ON t.id = d.tenant_id`;

/** The conditions are word for word those of the indexes that hold these rows only. */
const HAS_RECEIPT_DUE = `drop = 's3' AND outcome_at IS NOT NULL AND (receipt_at IS NULL OR receipt_at < outcome_at)`;
const IS_TO_CLEAR = `drop = 's3' AND purged_at IS NOT NULL AND coalesce(moved_folder, 'data') <> 'cleared'`;
const IS_TO_MOVE = `drop IN ('s3', 'folder') AND purged_at IS NULL
    AND (folder <> coalesce(moved_folder, 'data') OR shown_name <> coalesce(moved_name, name))`;
const IS_RESTING = `drop = 's3' AND purged_at IS NULL AND withdrawn_seq IS NULL
    AND coalesce(moved_folder, 'data') = 'data'`;

const LIST_BUSY = `
SELECT ${DROP_COLUMNS} FROM ${DROPS}
 WHERE d.state = 'ready' AND d.tenant_id IN (
   SELECT tenant_id FROM files WHERE ${HAS_RECEIPT_DUE}
   UNION SELECT tenant_id FROM files WHERE ${IS_TO_CLEAR}
   UNION SELECT tenant_id FROM files WHERE ${IS_TO_MOVE} AND drop = 's3')
 ORDER BY d.tenant_id LIMIT $1`;

const IS_OURS = `
SELECT FROM files WHERE tenant_id = $1 AND id = $2 AND drop = 's3' AND purged_at IS NULL
   AND ((bucket = $3 AND object_key = $4 AND version_id = $5)
        OR (folder = 'data' AND coalesce(moved_folder, 'data') <> 'data'))`;

const LIST_RESTING = `
SELECT id AS "fileId", object_key AS key, version_id AS "versionId" FROM files
 WHERE tenant_id = $1 AND ${IS_RESTING} AND object_key COLLATE "C" >= $2 AND ($3::text IS NULL OR object_key COLLATE "C" <= $3)
   AND coalesce(seen_at, received_at) < $4
 ORDER BY object_key COLLATE "C" LIMIT $5`;

const LIST_OBJECTS_TO_CLEAR = `
SELECT id AS "fileId", jsonb_build_object('bucket', bucket, 'key', object_key, 'versionId', version_id) AS object
  FROM files WHERE tenant_id = $1 AND ${IS_TO_CLEAR} ORDER BY receive_seq LIMIT $2`;

const TAKE_EVENTS = `
WITH due AS (
  SELECT id FROM s3_events WHERE due_at <= callbay_now() ORDER BY due_at, id LIMIT $1 FOR UPDATE SKIP LOCKED
)
UPDATE s3_events e SET attempts = attempts + 1, due_at = callbay_now() + $2 * interval '1 millisecond'
  FROM due WHERE e.id = due.id
RETURNING e.id AS "eventId", e.tenant_id AS "tenantId", e.body, e.attempts AS attempt`;

const NOTE_IGNORED = `
INSERT INTO audit_log (tenant_id, at, actor, action, target, remote_address, detail)
SELECT $1, callbay_now(), 's3', 's3Drop.ignored', $2, NULL, $3
 WHERE NOT EXISTS (SELECT FROM audit_log WHERE action = 's3Drop.ignored' AND tenant_id IS NOT DISTINCT FROM $1
                      AND at > callbay_now() - interval '1 hour')`;

/** What the listener of buckets asks; the locks of all drops that this process works on share one connection. */
export function createS3Store(db: Database): S3Store {
  const lock = createSweepLocks(db.pool);
  const readNow = async (): Promise<Date> =>
    (await db.query<{ now: Date }>('SELECT callbay_now() AS now'))[0]!.now;
  return {
    findDropOf: async (bucket, key) =>
      (await db.query<S3Drop>(FIND_DROP_OF, [bucket, key], 'find_s3_drop_of'))[0] ?? null,
    findDrop: async (tenantId) =>
      (
        await db.query<S3Drop>(`SELECT ${DROP_COLUMNS} FROM ${DROPS} WHERE d.tenant_id = $1`, [tenantId])
      )[0] ?? null,
    listQueues: async () =>
      (
        await db.query<{ url: string }>(
          'SELECT DISTINCT queue_url AS url FROM s3_drops WHERE queue_url IS NOT NULL ORDER BY 1 LIMIT 100',
        )
      ).map(({ url }) => url),
    claimListings: (everyMs, limit) =>
      db.query<S3Drop & { readonly marker: ListingMarker | null }>(
        CLAIM_LISTINGS,
        [everyMs, limit],
        'claim_s3_listings',
      ),
    async saveMarker(tenantId, marker) {
      await db.execute(
        `UPDATE s3_drops SET list_marker = $2, listed_at = CASE WHEN $2::jsonb IS NULL THEN callbay_now() ELSE listed_at END
          WHERE tenant_id = $1`,
        [tenantId, marker === null ? null : JSON.stringify(marker)],
        'save_s3_marker',
      );
    },
    async recordHealth(tenantId, { brokenReason, ignored }) {
      await db.execute(
        `UPDATE s3_drops SET broken_reason = $2, ignored = $3
          WHERE tenant_id = $1 AND (broken_reason IS DISTINCT FROM $2 OR ignored <> $3)`,
        [tenantId, brokenReason, ignored],
        'record_s3_health',
      );
    },
    listBusy: (limit) => db.query<S3Drop>(LIST_BUSY, [limit], 'list_busy_s3_drops'),
    runAlone: (tenantId, kind, work) => lock(`s3-${kind}.${tenantId}`, work),
    findReceived: async (tenantId, fileIds) =>
      new Set(
        (
          await db.query<{ id: string }>(
            'SELECT id FROM files WHERE tenant_id = $1 AND id = ANY ($2::uuid[])',
            [tenantId, fileIds],
            'find_received_objects',
          )
        ).map(({ id }) => id),
      ),
    isOurs: async (tenantId, fileId, { bucket, key, versionId }) =>
      (await db.query(IS_OURS, [tenantId, fileId, bucket, key, versionId], 'is_object_ours')).length > 0,
    listResting: (tenantId, { fromKey, toKey, before, limit }) =>
      db.query<RestingObject>(
        LIST_RESTING,
        [tenantId, fromKey ?? '', toKey, before, limit],
        'list_resting_objects',
      ),
    readClock: readNow,
    async recordObject(tenantId, fileId, { bucket, key, versionId }) {
      await db.execute(
        'UPDATE files SET bucket = $3, object_key = $4, version_id = $5 WHERE tenant_id = $1 AND id = $2',
        [tenantId, fileId, bucket, key, versionId],
        'record_object',
      );
    },
    listObjectsToClear: (tenantId, limit) =>
      db.query<ObjectToClear>(LIST_OBJECTS_TO_CLEAR, [tenantId, limit], 'list_objects_to_clear'),
    recordCleared: (tenantId, fileId) => recordCleared(db, tenantId, fileId),
    listReceiptsDue: (tenantId, limit) => listReceiptsDue(db, tenantId, 's3', limit),
    recordReceipts: (tenantId, files) => recordReceipts(db, tenantId, files),
    takeEvents: (limit, leaseMs) => db.query<KeptEvent>(TAKE_EVENTS, [limit, leaseMs], 'take_s3_events'),
    async endEvent(eventId) {
      await db.execute('DELETE FROM s3_events WHERE id = $1', [eventId], 'end_s3_event');
    },
    async retryEvent(eventId, afterMs) {
      await db.execute(
        `UPDATE s3_events SET due_at = callbay_now() + $2 * interval '1 millisecond' WHERE id = $1`,
        [eventId, afterMs],
        'retry_s3_event',
      );
    },
    async noteIgnored(tenantId, detail) {
      await db.execute(
        NOTE_IGNORED,
        [tenantId, String(detail.bucket ?? ''), JSON.stringify(detail)],
        'note_ignored_object',
      );
    },
  };
}
