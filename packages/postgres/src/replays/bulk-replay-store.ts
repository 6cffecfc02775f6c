import { STEP_SENTENCES } from '@callbay/core';
import type { Actor, BulkReplayStore, RowToReplay } from '@callbay/ingestion';
import { audit } from '../access/audit.ts';
import { lockTenant } from '../calls/lock-tenant.ts';
import { takeCounter } from '../database/counters.ts';
import { type Database, type Sql, transact } from '../database/database.ts';
import { isSetAsideSql } from '../database/state-conditions.ts';
import { findCalls, findFiles, findRows, IS_KEPT, MAY_REPLAY, MAY_REPLAY_ROW } from './find-replays.ts';
import { lockCallsOf, OPEN_AGAIN } from './reopen-files.ts';

const MAX_AT_ONCE = 500;
/** Of `files f`: it takes a new place in the order. */
const MAY_OPEN = `(f.state = 'rejected' OR (${isSetAsideSql('f.')}))`;

export function createBulkReplayStore(db: Database): BulkReplayStore {
  const bounded = (ids: readonly string[]): readonly string[] => {
    if (ids.length > MAX_AT_ONCE) throw new RangeError(`at most ${MAX_AT_ONCE} at once`);
    return ids;
  };
  return {
    findFiles: (...args) => findFiles(db, ...args),
    findRows: (...args) => findRows(db, ...args),
    findCalls: (...args) => findCalls(db, ...args),
    replayFiles: (tenantId, fileIds, by) =>
      transact(db, (tx) => replayFiles(tx, tenantId, bounded(fileIds), by)),
    replayRows: (tenantId, rows, by) => {
      bounded(rows.map((row) => row.fileId));
      return transact(db, (tx) => replayRows(tx, tenantId, rows, by));
    },
    replayCalls: (tenantId, callKeys, by) =>
      transact(db, (tx) => replayCalls(tx, tenantId, bounded(callKeys), by)),
    recordReplay: (tenantId, by, detail) =>
      transact(db, (tx) => audit(tx, by, { tenantId, action: 'replay.run', target: tenantId, detail })),
  };
}

async function replayFiles(
  tx: Sql,
  tenantId: string,
  fileIds: readonly string[],
  by: Actor,
): Promise<{ replayed: number; toRead: string[] }> {
  // Held still as decisions do: a new mapping marks the open calls due, in an order of its own.
  if ((await lockTenant(tx, tenantId)) === null) return { replayed: 0, toRead: [] };
  const callKeys = await lockCallsOf(tx, tenantId, fileIds);
  const held = await tx.query<{ id: string }>(
    `SELECT id FROM files WHERE tenant_id = $1 AND id = ANY ($2) AND state = 'held' AND withdrawn_seq IS NULL AND NOT (${isSetAsideSql('')})`,
    [tenantId, fileIds],
  );
  const base = await takeCounter(tx, tenantId, 'receive', fileIds.length);
  // What is open is judged by the newest policy anyway: only what has ended, or was never read, takes a new place.
  const rejected = await tx.query<{ id: string; to_read: boolean }>(
    `WITH chosen AS (
       SELECT f.id, ${IS_KEPT} AS kept, row_number() OVER (ORDER BY f.receive_seq) AS place FROM files f
        WHERE f.tenant_id = $1 AND f.id = ANY ($2) AND ${MAY_OPEN} AND ${MAY_REPLAY}
     )
     UPDATE files f SET replay_seq = $3::bigint + c.place, classify_attempts = 0, classified_at = CASE WHEN c.kept THEN f.classified_at END,
            ${OPEN_AGAIN}
       FROM chosen c WHERE f.tenant_id = $1 AND f.id = c.id AND ${MAY_OPEN}
     RETURNING f.id, NOT c.kept AS to_read`,
    [tenantId, fileIds, base],
  );
  const replayed = [...held, ...rejected].map((row) => row.id);
  await tellReplays(tx, tenantId, replayed, STEP_SENTENCES.judgedByNewestPolicy, by);
  await tx.execute('UPDATE calls SET due_at = callbay_now() WHERE tenant_id = $1 AND call_key = ANY ($2)', [
    tenantId,
    callKeys,
  ]);
  return { replayed: replayed.length, toRead: rejected.filter((row) => row.to_read).map((row) => row.id) };
}

async function replayRows(
  tx: Sql,
  tenantId: string,
  rows: readonly Pick<RowToReplay, 'fileId' | 'row'>[],
  by: Actor,
): Promise<number> {
  if ((await lockTenant(tx, tenantId)) === null) return 0;
  const values = [tenantId, rows.map((row) => row.fileId), rows.map((row) => row.row)];
  const locked = await tx.query<{ call_key: string }>(
    `SELECT call_key FROM calls WHERE tenant_id = $1 AND call_key IN (
       SELECT 'stem:' || coalesce(r.named_stem, r.stem) FROM call_records r, unnest($2::uuid[], $3::int[]) AS n(file_id, row)
        WHERE r.tenant_id = $1 AND r.file_id = n.file_id AND r.row = n.row)
      ORDER BY call_key COLLATE "C" FOR UPDATE`,
    values,
  );
  const base = await takeCounter(tx, tenantId, 'receive', rows.length);
  const opened = await tx.query<{ file_id: string }>(
    `UPDATE call_records r SET placed_seq = $4::bigint + n.ord, state = 'received', outcome_code = NULL, outcome_message = NULL,
            outcome_at = NULL, judged_policy = NULL
       FROM unnest($2::uuid[], $3::int[]) WITH ORDINALITY AS n(file_id, row, ord)
      WHERE r.tenant_id = $1 AND r.file_id = n.file_id AND r.row = n.row AND ${MAY_REPLAY_ROW}
     RETURNING r.file_id`,
    [...values, base],
  );
  const keys = locked.map((row) => row.call_key);
  await tx.execute('UPDATE calls SET due_at = callbay_now() WHERE tenant_id = $1 AND call_key = ANY ($2)', [
    tenantId,
    keys,
  ]);
  const files = [...new Set(opened.map((row) => row.file_id))];
  await tellReplays(tx, tenantId, files, STEP_SENTENCES.rowsJudgedByNewestPolicy, by);
  return opened.length;
}

async function replayCalls(
  tx: Sql,
  tenantId: string,
  callKeys: readonly string[],
  by: Actor,
): Promise<number> {
  const tenant = await lockTenant(tx, tenantId);
  if (tenant === null) return 0;
  const locked = await tx.query<{ call_key: string; file_id: string }>(
    `SELECT c.call_key, v.file_id FROM calls c
       JOIN call_revisions v ON v.tenant_id = c.tenant_id AND v.call_key = c.call_key AND v.revision = c.revision
      WHERE c.tenant_id = $1 AND c.call_key = ANY ($2) AND c.status = 'surfaced'
      ORDER BY c.call_key COLLATE "C" FOR UPDATE OF c`,
    [tenantId, callKeys],
  );
  const base = await takeCounter(tx, tenantId, 'receive', locked.length);
  const added = await tx.query<{ call_key: string }>(
    `INSERT INTO call_replays (tenant_id, call_key, policy_version, seq, at)
     SELECT $1, k.call_key, $3, $4::bigint + k.ord, callbay_now()
       FROM unnest($2::text[]) WITH ORDINALITY AS k(call_key, ord)
         ON CONFLICT DO NOTHING RETURNING call_key`,
    [tenantId, locked.map((row) => row.call_key), tenant.policy.version, base],
  );
  const keys = new Set(added.map((row) => row.call_key));
  await tx.execute('UPDATE calls SET due_at = callbay_now() WHERE tenant_id = $1 AND call_key = ANY ($2)', [
    tenantId,
    [...keys],
  ]);
  const files = locked.filter((row) => keys.has(row.call_key)).map((row) => row.file_id);
  await tellReplays(tx, tenantId, [...new Set(files)], STEP_SENTENCES.callReadAgain, by);
  return added.length;
}

async function tellReplays(
  tx: Sql,
  tenantId: string,
  fileIds: readonly string[],
  message: string,
  by: Actor,
): Promise<void> {
  if (fileIds.length === 0) return;
  await tx.execute(
    `INSERT INTO file_steps (tenant_id, file_id, at, step, code, message, detail, dedupe)
     SELECT $1, id, callbay_now(), 'replayed', NULL, $3, $4::jsonb, gen_random_uuid()::text FROM unnest($2::uuid[]) AS id`,
    [tenantId, fileIds, message, JSON.stringify({ actor: by.name })],
  );
}
