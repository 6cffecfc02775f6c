import {
  assertNothingTakenBack,
  CallbayError,
  type CallFacts,
  type KnownCall,
  type Policy,
  stemNamedBy,
  surfacedPair,
} from '@callbay/core';
import type { AdvanceResult, CallStore, Decide } from '@callbay/ingestion';
import { holdCrmLine } from '../crm/crm-barrier.ts';
import { type Database, type Sql, transact } from '../database/database.ts';
import type { Tombstones } from '../retention/tombstones.ts';
import {
  keyOfStem,
  linkedStems,
  loadFacts,
  lockTenant,
  policiesFor,
  recordKeyOf,
  stemOfKey,
} from './load-facts.ts';
import { saveCalls } from './save-calls.ts';
import { saveVerdicts } from './save-verdicts.ts';

const MAX_KEYS = 500;
const RELOCK_LIMIT = 5;

/** The only writer of call state. */
export function createCallStore(db: Database, tombstones: Tombstones): CallStore {
  return {
    async advance(tenantId, callKeys, decide) {
      if (callKeys.length > MAX_KEYS) throw new RangeError(`at most ${MAX_KEYS} keys at once`);
      if (callKeys.length === 0) return { surfaced: 0, updated: 0, surfacingSeconds: [] };
      let stems = callKeys.map(stemOfKey);
      for (let attempt = 0; attempt < RELOCK_LIMIT; attempt++) {
        const outcome = await transact(db, (tx) => advanceLocked(tx, tombstones, tenantId, stems, decide));
        if ('surfaced' in outcome) return outcome;
        stems = outcome.needs;
      }
      throw new CallbayError(
        'UNAVAILABLE',
        `calls of tenant ${tenantId} kept joining while they were being locked`,
      );
    },

    async findDue(limit) {
      const rows = await db.query<{ tenant_id: string; keys: string[] }>(
        `SELECT tenant_id, array_agg(call_key) AS keys FROM
           (SELECT tenant_id, call_key FROM calls WHERE due_at <= callbay_now() ORDER BY due_at LIMIT $1) due
          GROUP BY tenant_id`,
        [Math.min(limit, MAX_KEYS)],
      );
      return rows.map((row) => ({ tenantId: row.tenant_id, callKeys: row.keys }));
    },
  };
}

/** One attempt: answers the stems to lock instead where the facts touch more than was locked. */
async function advanceLocked(
  tx: Sql,
  tombstones: Tombstones,
  tenantId: string,
  touched: readonly string[],
  decide: Decide,
): Promise<AdvanceResult | { needs: string[] }> {
  const tenant = await lockTenant(tx, tenantId);
  if (!tenant) return { surfaced: 0, updated: 0, surfacingSeconds: [] };
  const stems = await linkedStems(tx, tenantId, touched);
  const rows = await lockCalls(tx, tenantId, stems.map(keyOfStem));
  if (rows === null) return { needs: [...touched] };
  const deleted = await tombstones.findDeleted(tx, tenantId, [...rows.keys()]);
  const linkedNow = await linkedStems(tx, tenantId, touched);
  if (linkedNow.some((stem) => !stems.includes(stem))) return { needs: linkedNow };

  const surfaced = new Map(
    [...rows.values()].flatMap((known) => {
      const pair = surfacedPair(known);
      return pair === undefined ? [] : [[known.callKey, pair] as const];
    }),
  );
  const { facts, files, rows: batchRows } = await loadFacts(tx, tenantId, stems, surfaced);
  if (await relinkOpenRecords(tx, tenantId, facts, tenant.policy)) {
    return { needs: await linkedStems(tx, tenantId, stems) };
  }
  const judged = [...files.values(), ...batchRows.values()];
  const policies = await policiesFor(tx, tenantId, tenant, judged, facts);
  const isCrmPending = await holdCrmLine(tx, tenantId, tenant.policy.settings);
  const [clock] = await tx.query<{ now: Date }>('SELECT callbay_now() AS now', [], 'clock');
  const now = clock!.now;
  const told = facts.map((fact) => ({ ...fact, isDeleted: deleted.has(fact.callKey) }));
  const decisions = decide(told, { ...policies, crmPendingAt: isCrmPending ? now.getTime() : null });
  for (const decision of decisions) assertNothingTakenBack(decision, rows.get(decision.callKey)!);
  await saveVerdicts(tx, tenantId, decisions, { files, rows: batchRows }, now);
  return saveCalls(tx, tenantId, decisions, rows, files, now);
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
  );
  const rows = await tx.query<KnownCall>(
    `SELECT call_key AS "callKey", status, revision, call_id AS "callId", recording_file_id AS "recordingFileId",
            record_file_id AS "recordFileId", record_row AS "recordRow" FROM calls
      WHERE tenant_id = $1 AND call_key = ANY($2) ORDER BY call_key COLLATE "C" FOR UPDATE`,
    [tenantId, sorted],
    'lock-calls',
  );
  if (rows.length < sorted.length) return null;
  return new Map(rows.map((row) => [row.callKey, row]));
}
