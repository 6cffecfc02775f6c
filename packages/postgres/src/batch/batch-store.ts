import { pipeline } from 'node:stream/promises';
import {
  batchNameWarnings,
  batchOutcome,
  CONFLICTING_ROW,
  emptyBatch,
  folderOf,
  type Issue,
  MEDIA_EXTENSIONS,
  outcomeOf,
  REPEATED_ROW,
  STEP_SENTENCES,
  stateOf,
} from '@callbay/core';
import type {
  BatchEnd,
  BatchFacts,
  BatchReadReport,
  BatchStore,
  ExpiredRows,
  RowReading,
} from '@callbay/ingestion';
import { from as copyFrom } from 'pg-copy-streams';
import { keyOfStem } from '../calls/facts-of-rows.ts';
import { lockCalls } from '../calls/lock-calls.ts';
import { lockRows } from '../calls/lock-tenant.ts';
import { wakeWaitingCalls } from '../calls/save-facts.ts';
import { freeNameFor } from '../calls/save-verdicts.ts';
import { textSql } from '../database/constants.ts';
import { type Database, type Sql, transact, transactBulk } from '../database/database.ts';
import { isIncompleteSql } from '../database/state-conditions.ts';
import { createPlanKeeper } from '../database/statistics.ts';
import { isExpiredSql } from '../drop/purge-times.ts';
import { claimSlice, findUnadvanced, finishSlice, leaveUndecided, releaseSlice } from './batch-slices.ts';

/**
 * Batches: their rows as facts, how far those have been advanced, and their end. A row that is not a fact of any call (it
 * cannot be read, or is a duplicate) has its outcome from the start and belongs to no stem: `<stem of the file>/<row>` is
 * one that no file name can have. A row that names no recording is known by what it says, `row/<digest>`: the same row sent
 * again is that row, and another batch of the same name holds others.
 */
export function createBatchStore(db: Database): BatchStore {
  return {
    saveBatch: (tenantId, fileId, facts, reading) => saveBatch(db, tenantId, fileId, facts, reading),

    claimSlice: (tenantId, fileId, size) => claimSlice(db, tenantId, fileId, size),

    finishSlice: (tenantId, fileId, slice) => finishSlice(db, tenantId, fileId, slice),

    releaseSlice: (tenantId, fileId, slice) => releaseSlice(db, tenantId, fileId, slice),

    keepPlansGood: createPlanKeeper(db),

    leaveUndecided: (tenantId, fileId, slice) => leaveUndecided(db, tenantId, fileId, slice),

    findUnadvanced: (limit, exceptFileIds) => findUnadvanced(db, limit, exceptFileIds),

    async findExpiredRows(limit, exceptTenantIds) {
      const rows = await db.query<ExpiredRows['rows'][number] & { readonly tenantId: string }>(
        `SELECT r.tenant_id AS "tenantId", r.file_id AS "fileId", r.row, r.stem, r.named_stem AS "namedStem",
                r.placed_seq AS "placedSeq"
           FROM call_records r JOIN files f ON f.tenant_id = r.tenant_id AND f.id = r.file_id
          WHERE r.is_batch_row AND ${isIncompleteSql('r.')}
            AND ${isExpiredSql('f.')} AND r.tenant_id <> ALL($2)
          LIMIT $1`,
        [limit, exceptTenantIds],
      );
      const byTenant = Map.groupBy(rows, ({ tenantId }) => tenantId);
      return [...byTenant].map(([tenantId, ofTenant]) => ({ tenantId, rows: ofTenant }));
    },

    expireRows: ({ tenantId, rows }) => transact(db, (tx) => expireRows(tx, tenantId, rows)),
  };
}

/**
 * Under the locks of their calls, so that none is surfacing meanwhile. A row that was replayed since it was found stays open.
 * Returns the keys to decide again.
 */
async function expireRows(tx: Sql, tenantId: string, rows: ExpiredRows['rows']): Promise<string[]> {
  const stems = rows.flatMap(({ stem, namedStem }) => [stem, namedStem ?? stem]);
  const callKeys = [...new Set(stems)].map(keyOfStem);
  await lockCalls(tx, tenantId, callKeys);
  const { code, message } = outcomeOf('PURGED_UNPAIRED');
  await tx.execute(
    `UPDATE call_records r SET state = 'rejected', outcome_code = $3, outcome_message = $4, outcome_at = callbay_now()
       FROM unnest($2::uuid[], $5::int[], $6::bigint[]) AS n(file_id, row, placed_seq)
      WHERE r.tenant_id = $1 AND r.file_id = n.file_id AND r.row = n.row
        AND r.placed_seq IS NOT DISTINCT FROM n.placed_seq AND ${isIncompleteSql('r.')}`,
    [
      tenantId,
      rows.map(({ fileId }) => fileId),
      code,
      message,
      rows.map(({ row }) => row),
      rows.map(({ placedSeq }) => placedSeq),
    ],
  );
  await tx.execute('UPDATE calls SET due_at = callbay_now() WHERE tenant_id = $1 AND call_key = ANY($2)', [
    tenantId,
    callKeys,
  ]);
  return callKeys;
}

/** What makes the transaction roll back although nothing went wrong. */
class Refused extends Error {
  readonly end: BatchEnd;
  constructor(end: BatchEnd) {
    super('the batch was not stored');
    this.end = end;
  }
}

async function saveBatch(
  db: Database,
  tenantId: string,
  fileId: string,
  facts: BatchFacts,
  reading: RowReading<BatchReadReport>,
): Promise<BatchEnd> {
  try {
    return await transactBulk(db, async (tx, client) => {
      if (!(await takeFile(tx, tenantId, fileId))) throw new Refused({ kind: 'gone' });
      await tx.execute(
        `CREATE TEMP TABLE batch_rows (row int, line int, named_stem text, raw jsonb, nested_paths jsonb, at text,
           issues jsonb) ON COMMIT DROP`,
      );
      await pipeline(reading.rows, client.query(copyFrom('COPY batch_rows FROM STDIN')));
      const report = await reading.report;
      if (report.issues.length > 0) throw new Refused({ kind: 'refused', issues: report.issues });
      if (report.rows === 0) {
        throw new Refused({ kind: 'refused', issues: [emptyBatch()] });
      }
      const left = await removeSidecar(tx, tenantId, fileId);
      await insertRows(tx, tenantId, fileId, facts.stem);
      await lockRows(tx, tenantId, 'writer');
      const wakes = await endFile(tx, tenantId, fileId, facts, report);
      if (wakes === null) throw new Refused({ kind: 'gone' });
      return { kind: 'saved', wakes: [...left, ...wakes] };
    });
  } catch (error) {
    if (error instanceof Refused) return error.end;
    throw error;
  }
}

/** Whether this transaction alone stores the file's rows, and nobody has: its job may run twice, and takes long. */
async function takeFile(tx: Sql, tenantId: string, fileId: string): Promise<boolean> {
  const [lock] = await tx.query<{ got: boolean }>(
    `SELECT pg_try_advisory_xact_lock(hashtextextended('callbay.batch ' || $1 || ' ' || $2, 0)) AS got`,
    [tenantId, fileId],
  );
  if (!lock?.got) return false;
  const unread = await tx.query(
    'SELECT FROM files WHERE tenant_id = $1 AND id = $2 AND classified_at IS NULL AND purged_at IS NULL',
    [tenantId, fileId],
  );
  return unread.length > 0;
}

/** What the file was taken for before it was replayed: its record would go on speaking for the file. */
async function removeSidecar(tx: Sql, tenantId: string, fileId: string): Promise<string[]> {
  const left = await tx.query<{ stem: string }>(
    `DELETE FROM call_records WHERE tenant_id = $1 AND file_id = $2 AND NOT is_batch_row
     RETURNING coalesce(named_stem, stem) AS stem`,
    [tenantId, fileId],
  );
  return left.map(({ stem }) => keyOfStem(stem));
}

/**
 * Of rows that name one recording, identical ones are one and different ones contradict each other; of rows that name none,
 * identical ones are one. Source: C15, case 29.
 */
async function insertRows(tx: Sql, tenantId: string, fileId: string, stem: string): Promise<void> {
  await tx.execute('ANALYZE batch_rows');
  await tx.execute(
    `WITH known AS (
       SELECT b.*, CASE WHEN issues = '[]' THEN coalesce(named_stem, 'row/' || md5(raw::text)) END AS own_stem FROM batch_rows b
     ), repeated AS (
       SELECT own_stem, min(row) AS first_row, min(md5(raw::text)) <> max(md5(raw::text)) AS is_conflict
         FROM known JOIN (SELECT own_stem FROM known WHERE own_stem IS NOT NULL GROUP BY own_stem HAVING count(*) > 1) twice
        USING (own_stem)
        GROUP BY own_stem
     ), judged AS (
       SELECT known.*, CASE WHEN issues <> '[]' THEN issues -> 0 ->> 'code'
                            WHEN is_conflict THEN 'CONFLICTING_ROWS'
                            WHEN row > first_row THEN 'DUPLICATE' END AS code
         FROM known LEFT JOIN repeated USING (own_stem)
     )
     INSERT INTO call_records (tenant_id, file_id, row, line, stem, named_stem, raw, nested_paths, at, issues, is_batch_row,
            state, outcome_code, outcome_message, outcome_at)
     SELECT $1, $2, row, line,
            CASE WHEN code IS NOT NULL THEN $3 || '/' || row ELSE own_stem END,
            CASE WHEN code IS NULL THEN named_stem END,
            raw, nested_paths, at, issues, TRUE,
            CASE WHEN code IS NULL THEN 'received' WHEN code = 'DUPLICATE' THEN 'done' ELSE 'rejected' END,
            code,
            CASE code WHEN 'DUPLICATE' THEN $4 WHEN 'CONFLICTING_ROWS' THEN $5 ELSE issues -> 0 ->> 'message' END,
            CASE WHEN code IS NOT NULL THEN callbay_now() END
       FROM judged`,
    [tenantId, fileId, stem, REPEATED_ROW.message, CONFLICTING_ROW.message],
  );
  await tx.execute(
    `INSERT INTO linkage_records (tenant_id, file_id, row, due_at, ambiguous_matches)
     SELECT tenant_id, file_id, row, callbay_now(), '{}' FROM call_records
      WHERE tenant_id = $1 AND file_id = $2 AND named_stem IS NULL AND outcome_code IS NULL
        AND EXISTS (SELECT 1 FROM external_recordings WHERE tenant_id = $1)`,
    [tenantId, fileId],
  );
}

/** Null where another process ended it meanwhile. Else the call keys that waited for it to be read. */
async function endFile(
  tx: Sql,
  tenantId: string,
  fileId: string,
  facts: BatchFacts,
  report: BatchReadReport,
): Promise<string[] | null> {
  const [file] = await tx.query<{ name: string; is_removed: boolean; place: number }>(
    `SELECT name, withdrawn_seq IS NOT NULL AS is_removed, coalesce(replay_seq, receive_seq) AS place FROM files
      WHERE tenant_id = $1 AND id = $2 AND classified_at IS NULL AND purged_at IS NULL FOR UPDATE`,
    [tenantId, fileId],
  );
  if (!file) return null;
  // Removed before anybody read it: none of its rows counts.
  if (file.is_removed)
    await tx.execute('DELETE FROM call_records WHERE tenant_id = $1 AND file_id = $2', [tenantId, fileId]);
  const outcome = file.is_removed ? outcomeOf('WITHDRAWN') : batchOutcome(report);
  const warnings = [
    ...facts.warnings,
    ...report.warnings,
    ...(await warningsOf(tx, tenantId, fileId, facts)),
  ];
  const state = stateOf(outcome.code);
  const folder = folderOf(state);
  const shownName =
    folder === 'data' ? file.name : await freeNameFor(tx, tenantId, folder, { id: fileId, name: file.name });
  await tx.execute(
    `WITH done AS (
       UPDATE files SET kind = 'batch', sha256 = $3, classified_at = callbay_now(), fact_warnings = $4::jsonb,
              warnings = $4::jsonb, call_key = NULL, state = $5, outcome_code = $6, outcome_message = $7, outcome_fix = $8,
              outcome_at = callbay_now(), folder = $11, shown_name = $9
        WHERE tenant_id = $1 AND id = $2
     )
     INSERT INTO file_steps (tenant_id, file_id, at, step, code, message, detail, dedupe)
     VALUES ($1, $2, callbay_now(), 'classified', NULL, ${textSql(STEP_SENTENCES.read)}, $10::jsonb, gen_random_uuid()::text),
            ($1, $2, callbay_now(), $5, $6, $7, '{}', gen_random_uuid()::text)`,
    [
      tenantId,
      fileId,
      facts.sha256,
      JSON.stringify(warnings),
      state,
      outcome.code,
      outcome.message,
      outcome.fix,
      shownName,
      JSON.stringify({ kind: 'batch', sha256: facts.sha256, rows: report.rows, badRows: report.badRows }),
      folder,
    ],
  );
  await tx.execute(
    `INSERT INTO batches (tenant_id, file_id, row_count, advanced_at)
     VALUES ($1, $2, $3, CASE WHEN $4 THEN callbay_now() END)`,
    [tenantId, fileId, report.rows, file.is_removed],
  );
  return wakeWaitingCalls(tx, tenantId, [file.place]);
}

async function warningsOf(tx: Sql, tenantId: string, fileId: string, facts: BatchFacts): Promise<Issue[]> {
  const [found] = await tx.query<{ is_reused: boolean; has_recording: boolean }>(
    `SELECT EXISTS (SELECT FROM files b WHERE b.tenant_id = $1 AND b.name = f.name AND b.drop = f.drop AND b.kind = 'batch'
                       AND b.receive_seq < f.receive_seq AND b.sha256 <> $3) AS is_reused,
            EXISTS (SELECT FROM files r WHERE r.tenant_id = $1 AND r.stem = $4 AND r.ext = ANY($5)
                       AND r.receive_seq < f.receive_seq) AS has_recording
       FROM files f WHERE f.tenant_id = $1 AND f.id = $2`,
    [tenantId, fileId, facts.sha256, facts.stem, [...MEDIA_EXTENSIONS]],
  );
  return batchNameWarnings({
    isReused: found?.is_reused ?? false,
    isOfRecording: facts.isNamedAsSidecar || (found?.has_recording ?? false),
  });
}
