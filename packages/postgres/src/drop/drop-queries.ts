import { STEP_SENTENCES } from '@callbay/core';
import type { DropFolder } from '@callbay/ingestion';
import { textSql } from '../database/constants.ts';
import { isCompleteHoldSql, isOpenSql } from '../database/state-conditions.ts';

/** Of `files f`: has not ended, so that it shows in `data` and the customer may still remove or continue it. */
export const IS_OPEN = `${isOpenSql('f.')} AND f.withdrawn_seq IS NULL AND f.purged_at IS NULL`;

/**
 * Of `files f`: nobody has read it yet, and its call may take it in, because the other half or the call itself is there.
 * Facts are judged by when they were received: read late, it would change the call although its removal was accepted.
 */
export const IS_BEING_TAKEN = `(f.state = 'received' AND f.classified_at IS NULL AND EXISTS (
    SELECT FROM files other WHERE other.tenant_id = f.tenant_id AND other.stem = f.stem AND other.id <> f.id
      AND other.withdrawn_seq IS NULL AND other.purged_at IS NULL AND (other.ext <> f.ext OR other.state = 'done')))`;

const ENTRY_COLUMNS = `f.id AS "fileId", f.folder, f.shown_name AS name, f.size_bytes AS "sizeBytes",
  f.modified_at AS "modifiedAt", f.blob_key AS "blobKey", (${IS_OPEN}) AS "isOpen"`;

/** A file that ended and whose bytes are still in the drop. Its name in its folder is its own. */
const endedAs = (state: string): string => `f.state = '${state}' AND f.blob_key IS NOT NULL`;

/**
 * In `data` a name shows as its newest file does: a file that the customer removed never brings an older version of
 * itself back into view. (`>=` for `=`: the planner then walks the names in order and stops at the page's end.)
 * Every form says that purged files do not count, because the index of names holds none.
 */
const IS_SHOWN: Readonly<Record<DropFolder, string>> = {
  data: `${IS_OPEN} AND f.receive_seq >= (
      SELECT max(version.receive_seq) FROM files version
      WHERE version.tenant_id = $1 AND version.folder = 'data' AND version.shown_name = f.shown_name
        AND version.drop = 'sftp' AND version.purged_at IS NULL)`,
  processed: endedAs('done'),
  rejected: endedAs('rejected'),
};

/**
 * What a folder shows of tenant $1's files. `IS TRUE` keeps the planner, when it has no statistics yet, from taking an
 * index of states and sorting all names for each page.
 */
const shownIn = (folder: DropFolder): string => `SELECT ${ENTRY_COLUMNS} FROM files f
  WHERE f.tenant_id = $1 AND f.folder = '${folder}' AND f.purged_at IS NULL AND f.drop = 'sftp'
    AND (${IS_SHOWN[folder]}) IS TRUE`;

/** At most $3 names after $2. */
export const listFolderSql = (folder: DropFolder): string =>
  `${shownIn(folder)} AND f.shown_name > $2 ORDER BY f.shown_name LIMIT $3`;

/** Of `files f`: the one that a folder shows under the name $2. */
const ofName = (folder: DropFolder): string =>
  `${shownIn(folder)} AND f.shown_name = $2 ORDER BY f.receive_seq DESC LIMIT 1`;

/** The newest file received as $2 within the last 60 s, unless it was removed. */
const RECENTLY_CLOSED = `SELECT ${ENTRY_COLUMNS} FROM files f
  WHERE f.tenant_id = $1 AND f.id = (
      SELECT id FROM files
      WHERE tenant_id = $1 AND drop = 'sftp' AND name = $2 AND blob_key IS NOT NULL
      ORDER BY receive_seq DESC LIMIT 1)
    AND f.withdrawn_seq IS NULL AND f.purged_at IS NULL AND f.received_at >= callbay_now() - interval '60 seconds'`;

/** The newest file received as $2, if it was rejected and came within the last 24 h. */
export const FIND_REJECTED = `SELECT ${ENTRY_COLUMNS} FROM files f
  WHERE f.tenant_id = $1 AND f.id = (
      SELECT id FROM files WHERE tenant_id = $1 AND drop = 'sftp' AND name = $2
      ORDER BY receive_seq DESC LIMIT 1)
    AND f.state = 'rejected' AND f.blob_key IS NOT NULL AND f.purged_at IS NULL
    AND f.received_at >= callbay_now() - interval '24 hours'`;

/** The file that a path means, in one question: clients ask it before and after each upload. */
export const FIND_FILE: Readonly<Record<DropFolder, string>> = {
  data: `SELECT "fileId", folder, name, "sizeBytes", "modifiedAt", "blobKey", "isOpen" FROM (
      (SELECT 1 AS rank, shown.* FROM (${ofName('data')}) shown)
      UNION ALL (SELECT 2, recent.* FROM (${RECENTLY_CLOSED}) recent)
    ) found ORDER BY rank LIMIT 1`,
  processed: ofName('processed'),
  rejected: ofName('rejected'),
};

/** Has every call key that the file has a part in decided anew, and holds their locks, in key order. */
export const WAKE_CALLS_OF_FILE = `
INSERT INTO calls (tenant_id, call_key, due_at)
SELECT $1, call_key, callbay_now() FROM (
  SELECT 'stem:' || stem AS call_key FROM files WHERE tenant_id = $1 AND id = $2
  UNION SELECT call_key FROM files WHERE tenant_id = $1 AND id = $2 AND call_key IS NOT NULL
  UNION SELECT 'stem:' || named_stem FROM call_records
        WHERE tenant_id = $1 AND file_id = $2 AND named_stem IS NOT NULL
) touched ORDER BY call_key
ON CONFLICT (tenant_id, call_key) DO UPDATE SET due_at = least(calls.due_at, excluded.due_at)`;

/** Marks the removal at the next receive sequence and records the step. One row, or none where the file has ended. */
export const WITHDRAW_FILE = `
WITH open AS (
  SELECT f.id FROM files f WHERE f.tenant_id = $1 AND f.id = $2 AND ${IS_OPEN} FOR UPDATE
), taken AS (
  UPDATE tenant_counters SET value = value + 1
  WHERE tenant_id = $1 AND name = 'receive' AND EXISTS (SELECT FROM open)
  RETURNING value AS seq, callbay_now() AS at
), told AS (
  INSERT INTO file_steps (tenant_id, file_id, at, step, message, dedupe)
  SELECT $1, $2, at, 'removed', ${textSql(STEP_SENTENCES.removed)}, 'removed' FROM taken
)
UPDATE files SET withdrawn_seq = taken.seq,
  withdrawn_hidden = ${isCompleteHoldSql('files.')}
    OR EXISTS (SELECT FROM tenants WHERE id = $1 AND stage <> 'live')
FROM taken
WHERE files.tenant_id = $1 AND files.id = $2
RETURNING files.id`;

/** An archive or trigger that waited takes part in no call that would end it. */
export const END_WITHDRAWN_BUNDLE = `
UPDATE files SET state = 'withdrawn', outcome_code = 'WITHDRAWN', outcome_message = $3, outcome_fix = $4,
  outcome_at = callbay_now()
WHERE tenant_id = $1 AND id = $2 AND kind = 'bundle'`;
