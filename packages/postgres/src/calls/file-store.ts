import type { Policy, ReadLane } from '@callbay/core';
import type { FileStore, UnreadFile } from '@callbay/ingestion';
import { type Database, transact } from '../database/database.ts';
import { createPlanKeeper } from '../database/statistics.ts';
import { reopenSetAside } from '../replays/reopen-files.ts';
import { findNewestPolicy } from '../tenants/newest-policy.ts';
import { keyOfStem } from './facts-of-rows.ts';
import { makeCalls } from './lock-calls.ts';
import { stemsOfFacts, takeReadFiles } from './save-facts.ts';
import { saveVerdicts } from './save-verdicts.ts';

/** The indexes `files_unread_group` and `files_unread_alone` hold exactly the rows of one lane. */
const UNREAD = 'classified_at IS NULL AND blob_key IS NOT NULL AND purged_at IS NULL';
const IN_LANE: Readonly<Record<ReadLane, string>> = {
  group: `${UNREAD} AND NOT reads_alone`,
  alone: `${UNREAD} AND reads_alone`,
};

/** More earlier versions of one name are not compared with: nobody appends so often within two days. */
const MAX_EARLIER = 16;
const UNREAD_COLUMNS = `id AS "fileId", name, stem, size_bytes AS "sizeBytes", blob_key AS "blobKey", rereads, classify_attempts AS failures,
  ARRAY(SELECT e.size_bytes::float8 FROM files e
         WHERE e.tenant_id = files.tenant_id AND e.name = files.name AND e.receive_seq < files.receive_seq
           AND e.size_bytes > 0 AND e.size_bytes < files.size_bytes
         ORDER BY e.receive_seq DESC LIMIT ${MAX_EARLIER}) AS "earlierSizes"`;

const findWaitingSql = (lane: ReadLane): string =>
  `SELECT ${UNREAD_COLUMNS} FROM files
    WHERE tenant_id = $1 AND ${IN_LANE[lane]} AND (read_again_at IS NULL OR read_again_at <= callbay_now())
    ORDER BY coalesce(replay_seq, receive_seq) LIMIT $2`;

/** One look at the index of a lane for each tenant: no tenant's backlog hides another's. */
const waitingTenantsSql = (lane: ReadLane): string =>
  `SELECT t.id AS tenant_id, ${lane === 'alone'} AS reads_alone FROM tenants t
    WHERE EXISTS (SELECT FROM files WHERE tenant_id = t.id AND ${IN_LANE[lane]}
                     AND received_at <= callbay_now() - $1 * interval '1 millisecond'
                     AND (read_again_at IS NULL OR read_again_at <= callbay_now()))`;

/** Files on their way from received to read. Nothing here decides what a file means for a call. */
export function createFileStore(db: Database): FileStore {
  return {
    async findWaiting(tenantId, lane, limit) {
      const files = await db.query<UnreadFile>(
        findWaitingSql(lane),
        [tenantId, limit],
        `find-waiting-${lane}`,
      );
      if (files.length === 0) return null;
      const policy: Policy | null = await findNewestPolicy(db, tenantId);
      return policy && { files, policy };
    },

    async findUnreadFile(tenantId, fileId) {
      const [file] = await db.query<UnreadFile>(
        `SELECT ${UNREAD_COLUMNS} FROM files
          WHERE tenant_id = $1 AND id = $2 AND ${UNREAD}`,
        [tenantId, fileId],
        'find-unread-file',
      );
      const policy = file ? await findNewestPolicy(db, tenantId) : null;
      return file && policy ? { file, policy } : null;
    },

    async moveToLaneAlone(tenantId, fileIds) {
      await db.execute(
        'UPDATE files SET reads_alone = TRUE WHERE tenant_id = $1 AND id = ANY($2) AND classified_at IS NULL',
        [tenantId, fileIds],
        'move-to-lane-alone',
      );
    },

    async countFailedRead(tenantId, fileId, retryInMs) {
      const [row] = await db.query<{ classify_attempts: number }>(
        `UPDATE files SET classify_attempts = classify_attempts + 1, reads_alone = TRUE,
                read_again_at = callbay_now() + $3 * interval '1 millisecond'
          WHERE tenant_id = $1 AND id = $2
         RETURNING classify_attempts`,
        [tenantId, fileId, retryInMs],
        'count-failed-read',
      );
      return row?.classify_attempts ?? 0;
    },

    reopenSetAside: (limit) => reopenSetAside(db, limit),

    async saveFacts(tenantId, fileId, facts) {
      const [file] = await db.query<{ stem: string }>(
        'SELECT stem FROM files WHERE tenant_id = $1 AND id = $2',
        [tenantId, fileId],
        'stem-of-file',
      );
      const read = { fileId, stem: file?.stem ?? facts.stem, facts };
      const keys = [...new Set(stemsOfFacts(read))].map(keyOfStem).sort();
      await makeCalls(db, tenantId, keys);
      return transact(db, async (tx) => {
        // Calls are locked before files everywhere, so that no two transactions wait for each other.
        await tx.execute(
          `INSERT INTO calls (tenant_id, call_key, due_at)
           SELECT $1, key, callbay_now() FROM unnest($2::text[]) AS key ORDER BY key COLLATE "C"
               ON CONFLICT (tenant_id, call_key) DO UPDATE SET due_at = callbay_now()`,
          [tenantId, keys],
          'make-calls-due',
        );
        const own = await takeReadFiles(tx, tenantId, [read]);
        const [clock] = await tx.query<{ now: Date }>('SELECT callbay_now() AS now', [], 'clock');
        await saveVerdicts(tx, tenantId, [], { files: new Map(), rows: new Map(), own }, clock!.now);
        return [...new Set([...keys, ...own.wakes])];
      });
    },

    async findUnread(olderThanMs, limit) {
      const rows = await db.query<{ tenant_id: string; reads_alone: boolean }>(
        `${waitingTenantsSql('group')} UNION ALL ${waitingTenantsSql('alone')} LIMIT $2`,
        [olderThanMs, limit],
        'find-unread',
      );
      return rows.map((row) => ({ tenantId: row.tenant_id, lane: row.reads_alone ? 'alone' : 'group' }));
    },

    keepPlansGood: createPlanKeeper(db),
  };
}
