import type { FileToClear, FolderDrop, FolderStore, RestingFile } from '@callbay/ingestion';
import type { Database } from '../database/database.ts';
import { IS_OPEN } from '../drop/drop-queries.ts';
import { listReceiptsDue, recordCleared, recordReceipts } from '../drop/receipts-due.ts';
import { createSweepLocks } from '../sweeps/sweep-locks.ts';

const LIST_DROPS = `
SELECT f.tenant_id AS "tenantId", nullif(t.settings -> 'temporaryNames', 'null') AS "temporaryNames",
       f.placed_at IS NOT NULL AS "isPlaced"
  FROM folder_drops f JOIN tenants t ON t.id = f.tenant_id
 WHERE f.scanner = $1 OR f.scanned_at IS NULL OR f.scanned_at < callbay_now() - $2 * interval '1 millisecond'
 ORDER BY f.tenant_id LIMIT 10000`;

const BEGIN_SCAN = `
WITH before AS (SELECT tenant_id, scanner FROM folder_drops WHERE tenant_id = $1 FOR UPDATE)
UPDATE folder_drops f SET scanner = $2, scanned_at = callbay_now() FROM before
 WHERE f.tenant_id = before.tenant_id
RETURNING coalesce(before.scanner = $2, false) AS "isSame", f.scanned_at AS now`;

/** The conditions are word for word those of the indexes that hold these rows only. */
const LIST_RESTING = `
SELECT id AS "fileId", name, size_bytes AS "sizeBytes", modified_at AS "modifiedAt", receive_seq AS seq,
       coalesce(seen_at, received_at) >= (SELECT created_at FROM folder_drops WHERE tenant_id = $1) AS "isOfDrop"
  FROM files
 WHERE tenant_id = $1 AND drop = 'folder' AND purged_at IS NULL AND withdrawn_seq IS NULL
   AND coalesce(moved_folder, 'data') = 'data' AND receive_seq > $2
 ORDER BY receive_seq LIMIT $3`;

const LIST_FILES_TO_CLEAR = `
SELECT id AS "fileId", size_bytes AS "sizeBytes", modified_at AS "modifiedAt",
       jsonb_build_object('folder', coalesce(moved_folder, 'data'), 'name', coalesce(moved_name, name)) AS place
  FROM files
 WHERE tenant_id = $1 AND drop = 'folder' AND purged_at IS NOT NULL AND coalesce(moved_folder, 'data') <> 'cleared'
 ORDER BY receive_seq LIMIT $2`;

/** What scanners of folders ask; the locks of all folders that this process scans share one connection. */
export function createFolderStore(db: Database): FolderStore {
  const lock = createSweepLocks(db.pool);
  return {
    listDrops: (scanner, idleMs) => db.query<FolderDrop>(LIST_DROPS, [scanner, idleMs], 'list_folder_drops'),
    scanAlone: (tenantId, work) => lock(`folder.${tenantId}`, work),
    beginScan: async (tenantId, scanner) =>
      (
        await db.query<{ isSame: boolean; now: Date }>(BEGIN_SCAN, [tenantId, scanner], 'begin_folder_scan')
      )[0] ?? null,
    async recordPlaced(tenantId) {
      await db.execute('UPDATE folder_drops SET placed_at = callbay_now() WHERE tenant_id = $1', [tenantId]);
    },
    async recordReport(tenantId, report) {
      await db.execute(
        'UPDATE folder_drops SET report = $2 WHERE tenant_id = $1 AND report IS DISTINCT FROM $2::jsonb',
        [tenantId, JSON.stringify(report)],
        'record_folder_report',
      );
    },
    listResting: (tenantId, { afterSeq, limit }) =>
      db.query<RestingFile>(LIST_RESTING, [tenantId, afterSeq, limit], 'list_resting_files'),
    isReceived: async (tenantId, fileId) =>
      (await db.query('SELECT FROM files WHERE tenant_id = $1 AND id = $2', [tenantId, fileId])).length > 0,
    isOpen: async (tenantId, fileId) =>
      (
        await db.query(`SELECT FROM files f WHERE f.tenant_id = $1 AND f.id = $2 AND ${IS_OPEN}`, [
          tenantId,
          fileId,
        ])
      ).length > 0,
    listFilesToClear: (tenantId, limit) =>
      db.query<FileToClear>(LIST_FILES_TO_CLEAR, [tenantId, limit], 'list_files_to_clear'),
    recordCleared: (tenantId, fileId) => recordCleared(db, tenantId, fileId),
    listReceiptsDue: (tenantId, limit) => listReceiptsDue(db, tenantId, 'folder', limit),
    recordReceipts: (tenantId, files) => recordReceipts(db, tenantId, files),
  };
}
