import {
  assertNothingTakenBack,
  CallbayError,
  type CallFacts,
  type KnownCall,
  newCall,
  type Policy,
  stemNamedBy,
  surfacedPair,
} from '@callbay/core';
import { type AdvanceResult, type CallStore, type Decide, type ReadFile, WHOLE } from '@callbay/ingestion';
import { holdCrmLine } from '../crm/crm-barrier.ts';
import { type Database, type Sql, transact } from '../database/database.ts';
import { isRepeatedKey } from '../database/pg-errors.ts';
import type { Tombstones } from '../retention/tombstones.ts';
import { isInSliceSql } from '../sweeps/slices.ts';
import { CALL_RECORDS_BYTES, dropRecordsOverLimit } from './call-records-limit.ts';
import { keyOfStem, recordKeyOf, stemOfKey } from './facts-of-rows.ts';
import { linkedStemsWithinLimit, loadFacts } from './load-facts.ts';
import { makeCalls } from './lock-calls.ts';
import { lockRows, lockTenant, policiesFor } from './lock-tenant.ts';
import { type StoredCall, saveCalls } from './save-calls.ts';
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
      if (outcome === 'anew') continue;
      if ('surfaced' in outcome) return outcome;
      if ('unstored' in outcome) await makeCalls(db, tenantId, outcome.unstored);
      else next = { ...next, touched: outcome.needs };
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
      const touched = [...new Set(read.flatMap(stemsOfFacts))];
      await makeCalls(db, tenantId, touched.map(keyOfStem));
      return advance(tenantId, { touched, read }, decide);
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

/** Rolls a transaction back that has to begin anew once these calls have rows to be locked. */
class NeedsCalls extends Error {
  readonly unstored: readonly string[];
  constructor(unstored: readonly string[]) {
    super('calls have to be made');
    this.unstored = unstored;
  }
}

type Attempt =
  | AdvanceResult
  | { readonly needs: readonly string[] }
  | { readonly unstored: readonly string[] };

/** `anew` where another transaction made one of the calls meanwhile: its facts are not among those loaded here. */
async function attemptAdvance(
  db: Database,
  work: (tx: Sql) => Promise<AdvanceResult>,
): Promise<Attempt | 'anew'> {
  try {
    return await transact(db, work);
  } catch (error) {
    if (error instanceof NeedsMoreLocks) return { needs: error.needs };
    if (error instanceof NeedsCalls) return { unstored: error.unstored };
    if (isRepeatedKey(error, 'calls_pkey')) return 'anew';
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
  const moved = movedRecords(facts, tenant.policy);
  const unstored = [...rows.values()].filter(({ isStored }) => !isStored).map(({ callKey }) => callKey);
  // Records are moved under the locks of their calls.
  if (moved.length > 0 && unstored.length > 0) throw new NeedsCalls(unstored);
  if (moved.length > 0 && (await relinkOpenRecords(tx, tenantId, moved))) {
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

interface MovedRecord {
  readonly file_id: string;
  readonly row: number;
  readonly namedStem: string | null;
}

/** Records still open that name other recordings by the newest policy than when they were read. */
function movedRecords(facts: readonly CallFacts[], policy: Policy): MovedRecord[] {
  const open = new Map(facts.flatMap((f) => f.records).map((r) => [recordKeyOf(r.fileId, r.row), r]));
  return [...open.values()].flatMap((record) => {
    const { raw, judgedPolicy, isPurgedUnpaired, withdrawnSeq } = record;
    if (judgedPolicy !== null || raw === null || isPurgedUnpaired || withdrawnSeq !== null) return [];
    const namedStem = stemNamedBy(raw, policy);
    return namedStem === record.namedStem ? [] : [{ file_id: record.fileId, row: record.row, namedStem }];
  });
}

/**
 * Links records to the recordings that they name now; false where none is. One that a match linked stays linked, unless it
 * now names a recording itself. They join the other call's story at its end, since its past may be published. The counter is
 * taken last: the transaction ends with it, or goes on without.
 */
async function relinkOpenRecords(tx: Sql, tenantId: string, moved: readonly MovedRecord[]): Promise<boolean> {
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
 * Locks the calls in sorted order. A call without a row is not made to be locked: whoever writes its row first has it, and
 * another transaction that decided it meanwhile fails at its key and begins anew, with that row to lock.
 */
async function lockCalls(
  tx: Sql,
  tenantId: string,
  callKeys: readonly string[],
): Promise<Map<string, StoredCall>> {
  const sorted = [...callKeys].sort();
  const rows = await tx.query<KnownCall>(
    `SELECT call_key AS "callKey", status, revision, call_id AS "callId", recording_file_id AS "recordingFileId",
            first_recording_file_id AS "firstRecordingFileId",
            record_file_id AS "recordFileId", record_row AS "recordRow" FROM calls
      WHERE tenant_id = $1 AND call_key = ANY($2) ORDER BY call_key COLLATE "C" FOR UPDATE`,
    [tenantId, sorted],
    'lock-calls',
  );
  const known = new Map(rows.map((row) => [row.callKey, row]));
  return new Map(
    sorted.map((callKey) => {
      const row = known.get(callKey);
      return [callKey, row ? { ...row, isStored: true } : { ...newCall(callKey), isStored: false }];
    }),
  );
}
