import {
  assertNothingTakenBack,
  CallbayError,
  type CallFacts,
  type KnownCall,
  type Policy,
  stemNamedBy,
  surfacedPair,
} from '@callbay/core';
import { type AdvanceResult, type CallStore, type Decide, type ReadFile, WHOLE } from '@callbay/ingestion';
import { holdCrmLine } from '../crm/crm-barrier.ts';
import { type Database, type Sql, transact } from '../database/database.ts';
import type { Tombstones } from '../retention/tombstones.ts';
import { isInSliceSql } from '../sweeps/slices.ts';
import { CALL_RECORDS_BYTES, dropRecordsOverLimit } from './call-records-limit.ts';
import { keyOfStem, recordKeyOf, stemOfKey } from './facts-of-rows.ts';
import { linkedStemsWithinLimit, loadFacts } from './load-facts.ts';
import { lockRows, lockTenant, policiesFor } from './lock-tenant.ts';
import { saveCalls } from './save-calls.ts';
import { stemsOfFacts, takeReadFiles } from './save-facts.ts';
import { saveVerdicts } from './save-verdicts.ts';

const MAX_KEYS = 500;
const RELOCK_LIMIT = 5;
const NOTHING: AdvanceResult = { surfaced: 0, updated: 0, surfacingSeconds: [], wakes: [] };

/** What one transaction is about: calls by their stems, and files whose facts it stores first. */
interface Scope {
  readonly touched: readonly string[];
  readonly read: readonly ReadFile[];
}

/** The only writer of call state. */
export function createCallStore(db: Database, tombstones: Tombstones): CallStore {
  async function advance(tenantId: string, scope: Scope, decide: Decide): Promise<AdvanceResult> {
    let next = scope;
    for (let attempt = 0; attempt < RELOCK_LIMIT; attempt++) {
      const outcome = await attemptAdvance(db, (tx) => advanceLocked(tx, tombstones, tenantId, next, decide));
      if ('surfaced' in outcome) return outcome;
      next = { ...next, touched: outcome.needs };
    }
    throw new CallbayError('UNAVAILABLE', `linked calls of tenant ${tenantId} kept changing`);
  }

  return {
    async advance(tenantId, callKeys, decide) {
      if (callKeys.length > MAX_KEYS) throw new RangeError(`at most ${MAX_KEYS} keys at once`);
      if (callKeys.length === 0) return NOTHING;
      return advance(tenantId, { touched: callKeys.map(stemOfKey), read: [] }, decide);
    },

    async saveFactsAndAdvance(tenantId, read, decide) {
      if (read.length === 0) return NOTHING;
      return advance(tenantId, { touched: [...new Set(read.flatMap(stemsOfFacts))], read }, decide);
    },

    async findDue(limit, slice = WHOLE) {
      const rows = await db.query<{ tenant_id: string; keys: string[] }>(
        `SELECT t.id AS tenant_id, due.keys FROM tenants t,
                LATERAL (SELECT array_agg(call_key) AS keys FROM (
                           SELECT call_key FROM calls WHERE tenant_id = t.id AND due_at <= callbay_now()
                              AND ${isInSliceSql('call_key', '$2', '$3')}
                            ORDER BY due_at LIMIT $1) first) due
          WHERE due.keys IS NOT NULL`,
        [Math.min(limit, MAX_KEYS), slice.nth, slice.of],
        'find-due-calls',
      );
      return rows.map((row) => ({ tenantId: row.tenant_id, callKeys: row.keys }));
    },

    async postpone(tenantId, callKeys, byMs) {
      await db.execute(
        `UPDATE calls SET due_at = callbay_now() + $3 * interval '1 millisecond'
          WHERE tenant_id = $1 AND call_key = ANY($2) AND due_at <= callbay_now()`,
        [tenantId, callKeys, byMs],
        'postpone-calls',
      );
    },
  };
}

/** Rolls a transaction back that has to begin anew with the calls of these stems locked. */
class NeedsMoreLocks extends Error {
  readonly needs: readonly string[];
  constructor(needs: readonly string[]) {
    super('more calls have to be locked');
    this.needs = needs;
  }
}

async function attemptAdvance(
  db: Database,
  work: (tx: Sql) => Promise<AdvanceResult>,
): Promise<AdvanceResult | { readonly needs: readonly string[] }> {
  try {
    return await transact(db, work);
  } catch (error) {
    if (error instanceof NeedsMoreLocks) return { needs: error.needs };
    throw error;
  }
}

async function advanceLocked(
  tx: Sql,
  tombstones: Tombstones,
  tenantId: string,
  { touched, read }: Scope,
  decide: Decide,
): Promise<AdvanceResult> {
  const tenant = await lockTenant(tx, tenantId);
  if (!tenant) return NOTHING;
  await lockRows(tx, tenantId, 'reader');
  const { stems, bytes } = await linkedStemsWithinLimit(tx, tenantId, touched);
  const rows = await lockCalls(tx, tenantId, stems.map(keyOfStem));
  if (rows === null) throw new NeedsMoreLocks(touched);
  if (bytes > CALL_RECORDS_BYTES) await dropRecordsOverLimit(tx, tenantId, touched);
  const deleted = await tombstones.findDeleted(tx, tenantId, [...rows.keys()]);

  const own = await takeReadFiles(tx, tenantId, read);
  const surfaced = new Map(
    [...rows.values()].flatMap((known) => {
      const pair = surfacedPair(known);
      return pair === undefined ? [] : [[known.callKey, pair] as const];
    }),
  );
  const loaded = await loadFacts(tx, tenantId, { touched, stems }, surfaced, own);
  if ('needs' in loaded) throw new NeedsMoreLocks(loaded.needs);
  const { facts, files, rows: batchRows } = loaded;
  const told = { files, rows: batchRows, own };
  if (await relinkOpenRecords(tx, tenantId, facts, tenant.policy)) {
    await saveVerdicts(tx, tenantId, [], told, await readClock(tx));
    return decideAgain(tx, tenantId, [...rows.keys()], own.wakes);
  }
  const judged = [...files.values(), ...batchRows.values()];
  const policies = await policiesFor(tx, tenantId, tenant, judged, facts);
  const isCrmPending = await holdCrmLine(tx, tenantId, tenant.policy.settings);
  const now = await readClock(tx);
  const known = facts.map((fact) => ({ ...fact, isDeleted: deleted.has(fact.callKey) }));
  const decisions = decide(known, { ...policies, crmPendingAt: isCrmPending ? now.getTime() : null });
  for (const decision of decisions) assertNothingTakenBack(decision, rows.get(decision.callKey)!);
  const eventsOfFiles = await saveVerdicts(tx, tenantId, decisions, told, now);
  const result = await saveCalls(tx, tenantId, decisions, rows, files, now, eventsOfFiles);
  return { ...result, wakes: own.wakes.filter((key) => !rows.has(key)) };
}

async function readClock(tx: Sql): Promise<Date> {
  const [clock] = await tx.query<{ now: Date }>('SELECT callbay_now() AS now', [], 'clock');
  return clock!.now;
}

/** Leaves the calls to another transaction, which locks what their records name now; the sweep of due calls is the net. */
async function decideAgain(
  tx: Sql,
  tenantId: string,
  callKeys: readonly string[],
  wakes: readonly string[],
): Promise<AdvanceResult> {
  await tx.execute(
    'UPDATE calls SET due_at = callbay_now() WHERE tenant_id = $1 AND call_key = ANY($2)',
    [tenantId, callKeys],
    'decide-again',
  );
  return { ...NOTHING, wakes: [...new Set([...callKeys, ...wakes])] };
}

/**
 * Whether records still open name other recordings by the newest policy than when they were read; links them so. One
 * that a match linked stays linked, unless it now names a recording itself. They join the other call's story at its
 * end, since its past may be published. The counter is taken last: the transaction ends with it, or goes on without.
 */
async function relinkOpenRecords(
  tx: Sql,
  tenantId: string,
  facts: readonly CallFacts[],
  policy: Policy,
): Promise<boolean> {
  const open = new Map(facts.flatMap((f) => f.records).map((r) => [recordKeyOf(r.fileId, r.row), r]));
  const moved = [...open.values()].flatMap((record) => {
    const { raw, judgedPolicy, isPurgedUnpaired, withdrawnSeq } = record;
    if (judgedPolicy !== null || raw === null || isPurgedUnpaired || withdrawnSeq !== null) return [];
    const namedStem = stemNamedBy(raw, policy);
    return namedStem === record.namedStem ? [] : [{ file_id: record.fileId, row: record.row, namedStem }];
  });
  if (moved.length === 0) return false;
  const changed = await tx.execute(
    `WITH moved AS (
       SELECT r.file_id, r.row, n."namedStem" AS named_stem
         FROM call_records r, jsonb_to_recordset($2::jsonb) AS n(file_id uuid, row int, "namedStem" text)
        WHERE r.tenant_id = $1 AND r.file_id = n.file_id AND r.row = n.row
          AND (r.linked_match IS NULL OR n."namedStem" IS NOT NULL)
     ), place AS (
       UPDATE tenant_counters SET value = value + 1
        WHERE tenant_id = $1 AND name = 'receive' AND EXISTS (SELECT FROM moved) RETURNING value
     )
     UPDATE call_records r SET named_stem = n.named_stem, linked_match = NULL, placed_seq = place.value
       FROM place, moved n
      WHERE r.tenant_id = $1 AND r.file_id = n.file_id AND r.row = n.row`,
    [tenantId, JSON.stringify(moved)],
  );
  return changed > 0;
}

/**
 * The rows of the keys, made where there are none, locked in sorted order. Null where one was deleted for good between
 * the two statements: whoever made it again holding the others' locks would break the order.
 */
async function lockCalls(
  tx: Sql,
  tenantId: string,
  callKeys: readonly string[],
): Promise<Map<string, KnownCall> | null> {
  const sorted = [...callKeys].sort();
  await tx.execute(
    `INSERT INTO calls (tenant_id, call_key) SELECT $1, key FROM unnest($2::text[]) AS key ORDER BY key COLLATE "C"
       ON CONFLICT DO NOTHING`,
    [tenantId, sorted],
    'make-calls',
  );
  const rows = await tx.query<KnownCall>(
    `SELECT call_key AS "callKey", status, revision, call_id AS "callId", recording_file_id AS "recordingFileId",
            first_recording_file_id AS "firstRecordingFileId",
            record_file_id AS "recordFileId", record_row AS "recordRow" FROM calls
      WHERE tenant_id = $1 AND call_key = ANY($2) ORDER BY call_key COLLATE "C" FOR UPDATE`,
    [tenantId, sorted],
    'lock-calls',
  );
  if (rows.length < sorted.length) return null;
  return new Map(rows.map((row) => [row.callKey, row]));
}
