import {
  CallbayError,
  type CallDecision,
  type CallFacts,
  type Policy,
  type SurfacedWith,
  stemNamedBy,
} from '@callbay/core';
import type { AdvanceResult, CallStore, Decide } from '@callbay/ingestion';
import { holdCrmLine } from '../crm/crm-barrier.ts';
import { type Database, type Sql, transact } from '../database.ts';
import { keyOfStem, linkedStems, loadFacts, lockTenant, policiesFor, stemOfKey } from './load-facts.ts';
import { saveCalls } from './save-calls.ts';
import { saveVerdicts } from './save-verdicts.ts';

/** What a call's row said before this decision. */
export interface CallRow {
  readonly call_key: string;
  readonly status: string;
  readonly revision: number;
  readonly call_id: number | null;
  readonly recording_file_id: string | null;
  readonly record_file_id: string | null;
  readonly record_row: number | null;
}

const MAX_KEYS = 500;
const RELOCK_LIMIT = 5;

/** The only writer of call state. */
export function createCallStore(db: Database): CallStore {
  return {
    async advance(tenantId, callKeys, decide) {
      if (callKeys.length > MAX_KEYS) throw new RangeError(`at most ${MAX_KEYS} keys at once`);
      if (callKeys.length === 0) return { surfaced: 0, updated: 0, surfacingSeconds: [] };
      let stems = callKeys.map(stemOfKey);
      for (let attempt = 0; attempt < RELOCK_LIMIT; attempt++) {
        const outcome = await transact(db, (tx) => advanceLocked(tx, tenantId, stems, decide));
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
        `select tenant_id, array_agg(call_key) as keys from
           (select tenant_id, call_key from calls where due_at <= callbay_now() order by due_at limit $1) due
          group by tenant_id`,
        [Math.min(limit, MAX_KEYS)],
      );
      return rows.map((row) => ({ tenantId: row.tenant_id, callKeys: row.keys }));
    },
  };
}

/** One attempt: answers the stems to lock instead where the facts touch more than was locked. */
async function advanceLocked(
  tx: Sql,
  tenantId: string,
  touched: readonly string[],
  decide: Decide,
): Promise<AdvanceResult | { needs: string[] }> {
  const tenant = await lockTenant(tx, tenantId);
  if (!tenant) return { surfaced: 0, updated: 0, surfacingSeconds: [] };
  const stems = await linkedStems(tx, tenantId, touched);
  const rows = await lockCalls(tx, tenantId, stems.map(keyOfStem));
  const linkedNow = await linkedStems(tx, tenantId, touched);
  if (linkedNow.some((stem) => !stems.includes(stem))) return { needs: linkedNow };

  const surfaced = new Map([...rows.values()].flatMap(surfacedWith));
  const { facts, files } = await loadFacts(tx, tenantId, stems, surfaced);
  if (await relinkOpenRecords(tx, tenantId, facts, tenant.policy)) {
    return { needs: await linkedStems(tx, tenantId, stems) };
  }
  const policies = await policiesFor(tx, tenantId, tenant, files.values());
  const isCrmPending = await holdCrmLine(tx, tenantId, tenant.policy.settings);
  const [clock] = await tx.query<{ now: Date }>('select callbay_now() as now', [], 'clock');
  const now = clock!.now;
  const decisions = decide(facts, { ...policies, crmPendingAt: isCrmPending ? now.getTime() : null });
  for (const decision of decisions) assertNothingTakenBack(decision, rows.get(decision.callKey)!);
  await saveVerdicts(tx, tenantId, decisions, files, now);
  return saveCalls(tx, tenantId, decisions, rows, files, now);
}

/** Whether records still open name other recordings by the newest policy than when they were read; links them so. */
async function relinkOpenRecords(
  tx: Sql,
  tenantId: string,
  facts: readonly CallFacts[],
  policy: Policy,
): Promise<boolean> {
  const open = new Map(facts.flatMap((f) => f.records).map((r) => [`${r.fileId}#${r.row}`, r]));
  let isChanged = false;
  for (const record of open.values()) {
    if (record.judgedPolicy !== null || record.raw === null || record.isPurgedUnpaired) continue;
    const namedStem = stemNamedBy(record.raw, policy);
    if (namedStem === record.namedStem) continue;
    isChanged = true;
    await tx.execute(
      'update call_records set named_stem = $4 where tenant_id = $1 and file_id = $2 and row = $3',
      [tenantId, record.fileId, record.row, namedStem],
    );
  }
  return isChanged;
}

/** What a visible call was made of, by its key. */
function surfacedWith(row: CallRow): [string, SurfacedWith][] {
  const { status, recording_file_id, record_file_id, record_row } = row;
  if (status !== 'surfaced' || recording_file_id === null || record_file_id === null) return [];
  const made = { recordingFileId: recording_file_id, recordFileId: record_file_id, row: record_row ?? 0 };
  return [[row.call_key, made]];
}

/** The rows of the keys, made where there are none, locked in sorted order. */
async function lockCalls(
  tx: Sql,
  tenantId: string,
  callKeys: readonly string[],
): Promise<Map<string, CallRow>> {
  const sorted = [...callKeys].sort();
  await tx.execute(
    `insert into calls (tenant_id, call_key) select $1, key from unnest($2::text[]) as key order by key collate "C"
       on conflict do nothing`,
    [tenantId, sorted],
  );
  const rows = await tx.query<CallRow>(
    `select call_key, status, revision, call_id, recording_file_id, record_file_id, record_row from calls
      where tenant_id = $1 and call_key = any($2) order by call_key collate "C" for update`,
    [tenantId, sorted],
    'lock-calls',
  );
  return new Map(rows.map((row) => [row.call_key, row]));
}

/** Invariant: a visible call stays visible, made of the same pair, and a published revision stays published. */
function assertNothingTakenBack(decision: CallDecision, row: CallRow): void {
  if (row.status !== 'surfaced') return;
  const isSame =
    decision.status === 'surfaced' &&
    decision.recording?.fileId === row.recording_file_id &&
    decision.revisions[0]?.fileId === row.record_file_id &&
    decision.revisions.length >= row.revision;
  if (!isSame) throw new Error(`deciding ${decision.callKey} again would take back what was published`);
}
