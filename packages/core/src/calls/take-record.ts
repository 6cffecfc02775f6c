import type { MappedRecord, RawRecord } from '../mapping/field-mapping.ts';
import { mapRecord } from '../mapping/map-record.ts';
import { outcomeOf } from '../outcomes.ts';
import type { Policy } from '../policy.ts';
import { judgeAmendWindow } from '../times/amend-window.ts';
import { changesBetween, contentOf, type ReadableRecord } from './call-content.ts';
import type { RecordFact } from './call-facts.ts';
import { type Completion, type FoldState, judge, policyOf, rejectForIssues } from './fold-state.ts';

/** Reads a record through its policy, over `base` where the tenant merges updates. Null: it was rejected. */
function readRecord(state: FoldState, fact: RecordFact, base: ReadableRecord | null): ReadableRecord | null {
  const policy = policyOf(state, fact);
  if (fact.raw === null || fact.issues.length > 0) {
    state.refusedRecord = rejectForIssues(state, fact, fact.issues);
    return null;
  }
  const context = { receivedAtMs: fact.receivedAt, isCsv: fact.ext === 'csv' };
  const mapped = mapAwaitingZone(fact.raw, policy, context);
  if (mapped.issues.length > 0) {
    state.refusedRecord = rejectForIssues(state, fact, mapped.issues);
    return null;
  }
  if (base === null || policy.settings.updateMode === 'replace') {
    return { fact, raw: fact.raw.fields, mapped, policy };
  }
  const raw = { ...base.raw, ...fact.raw.fields };
  const merged = mapAwaitingZone({ ...fact.raw, fields: raw }, policy, { ...context, isCsv: false });
  return { fact, raw, mapped: merged, policy };
}

/**
 * A time without a zone in a tenant without one is no fault of the file: the record is read without its times, so that
 * it waits for the zone instead of being rejected.
 */
function mapAwaitingZone(
  raw: RawRecord,
  policy: Policy,
  context: Parameters<typeof mapRecord>[2],
): MappedRecord {
  const mapped = mapRecord(raw, policy, context);
  if (!mapped.needsTimeZone || policy.timeZone !== null) return mapped;
  return { ...mapRecord(raw, { ...policy, timeZone: 'UTC' }, context), startedAt: null, endedAt: null };
}

/** A record before the call is complete: it waits, takes the place of an earlier one, or is one too many. */
export function takeFirstRecord(state: FoldState, fact: RecordFact): void {
  const { pending } = state;
  if (pending && isSameFile(pending.fact, fact) && isSameContent(pending, fact)) {
    judge(state, fact, outcomeOf('UNCHANGED'));
    return;
  }
  const record = readRecord(state, fact, null);
  if (!record) return;
  if (pending && !isSameFile(pending.fact, fact)) {
    const isPendingValid = contentOf(state.facts.stem, pending, null).missing.length === 0;
    if (isPendingValid) {
      judge(state, fact, outcomeOf('DUPLICATE_METADATA', `The first is ${pending.fact.name}.`));
      return;
    }
  }
  if (pending && fact.seq < pending.fact.seq) {
    judge(state, fact, outcomeOf('SUPERSEDED'));
    return;
  }
  if (pending) judge(state, pending.fact, outcomeOf('SUPERSEDED'));
  state.pending = record;
  state.refusedRecord = null;
}

/** A record once the call is complete: an update, judged by the time it was received. Source: C23, C24. */
export function takeUpdate(state: FoldState, complete: Completion, fact: RecordFact): void {
  const { current } = complete;
  if (fact.issues.length === 0 && !isSameFile(complete.first.fact, fact)) {
    judge(state, fact, outcomeOf('DUPLICATE_METADATA', `The first is ${complete.first.fact.name}.`));
    return;
  }
  if (isSameContent(current, fact)) {
    judge(state, fact, outcomeOf('UNCHANGED'));
    return;
  }
  if (fact.seq < current.fact.seq) {
    judge(state, fact, outcomeOf('SUPERSEDED'));
    return;
  }
  if (fact.receivedAt > complete.updatesUntil) {
    judge(
      state,
      fact,
      outcomeOf('LATE_UPDATE', `The last moment was ${new Date(complete.updatesUntil).toISOString()}.`),
    );
    return;
  }
  const record = readRecord(state, fact, current);
  if (!record) return;
  const { content, missing } = contentOf(state.facts.stem, record, complete.recording);
  if (missing.length > 0) {
    judge(state, fact, outcomeOf('METADATA_INVALID', `Required and empty: ${missing.join(', ')}.`));
    return;
  }
  const previous = complete.revisions.at(-1)!;
  const changed = changesBetween(previous.content, content);
  if (Object.keys(changed).length === 0) {
    judge(state, fact, outcomeOf('UNCHANGED'));
    return;
  }
  complete.revisions.push({
    revision: previous.revision + 1,
    fileId: fact.fileId,
    row: fact.row,
    receivedAt: fact.receivedAt,
    content,
    changed,
  });
  if (current !== complete.first && record.policy.settings.updateMode === 'replace') {
    judge(state, current.fact, outcomeOf('SUPERSEDED'));
  }
  complete.current = record;
  judge(state, fact, outcomeOf('UPDATED'), content.warnings);
}

/** Starts the call: revision 1, and the window in which it may change. Source: C22, C24. */
export function completeCall(
  state: FoldState,
  first: ReadableRecord,
  recording: Completion['recording'],
): Completion {
  const { content } = contentOf(state.facts.stem, first, recording);
  const { acceptedUntilMs } = judgeAmendWindow({
    callStartedAtMs: content.startedAt!,
    firstAcceptedReceivedAtMs: first.fact.receivedAt,
    receivedAtMs: first.fact.receivedAt,
  });
  judge(state, first.fact, outcomeOf('SURFACED'), content.warnings);
  judge(state, recording, outcomeOf('SURFACED'));
  return {
    recording,
    first,
    current: first,
    updatesUntil: acceptedUntilMs,
    revisions: [
      {
        revision: 1,
        fileId: first.fact.fileId,
        row: first.fact.row,
        receivedAt: first.fact.receivedAt,
        content,
        changed: changesBetween(null, content),
      },
    ],
  };
}

const isSameFile = (a: RecordFact, b: RecordFact): boolean =>
  a.stem === b.stem && a.ext === b.ext && a.row === b.row;

/** The bytes are those of the record in force, or say the very same strings. */
function isSameContent(current: ReadableRecord, fact: RecordFact): boolean {
  if (fact.issues.length > 0 || fact.raw === null) return false;
  if (current.fact.sha256 === fact.sha256) return true;
  const [a, b] = [current.fact.raw?.fields ?? {}, fact.raw.fields];
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
