import { issue } from '../issue.ts';
import type { MappedRecord, RawRecord } from '../mapping/field-mapping.ts';
import { mapRecord } from '../mapping/map-record.ts';
import { isOverRecordLimit, RECORD_LIMIT_BYTES } from '../mapping/record-limit.ts';
import { type Outcome, outcomeOf } from '../outcomes.ts';
import type { Policy } from '../policy.ts';
import { judgeAmendWindow } from '../times/amend-window.ts';
import { changesBetween, contentOf, type ReadableRecord } from './call-content.ts';
import type { RecordFact } from './call-facts.ts';
import {
  type Completion,
  type FoldState,
  hear,
  isOrigin,
  isOutdated,
  isSameFile,
  judge,
  keyOf,
  maySucceed,
  policyOf,
  rejectForIssues,
  setFactAside,
  takesOver,
} from './fold-state.ts';

/** Reads a record through its policy, over `base` where the tenant merges updates. Null: it was rejected. */
function readRecord(state: FoldState, fact: RecordFact, base: ReadableRecord | null): ReadableRecord | null {
  if (setFactAside(state, fact)) return null;
  const policy = policyToRead(state, fact);
  state.readBy.set(keyOf(fact), policy);
  if (fact.raw === null || fact.issues.length > 0) {
    state.refusedRecord = rejectForIssues(state, fact, fact.issues);
    return null;
  }
  const context = { receivedAtMs: fact.receivedAt, isCsv: fact.ext === 'csv' };
  const mapped = mapAwaitingZone(fact.raw, policy, context);
  if (mapped.ignoredBy) {
    if (state.pending && isSameFile(state.pending.fact, fact)) {
      judge(state, state.pending.fact, outcomeOf('SUPERSEDED'));
      state.pending = null;
    }
    hear(state, fact);
    judge(state, fact, outcomeOf('IGNORED_BY_RULE', `${mapped.ignoredBy}.`));
    return null;
  }
  if (mapped.issues.length > 0) {
    state.refusedRecord = rejectForIssues(state, fact, mapped.issues);
    return null;
  }
  if (base === null || policy.settings.updateMode === 'replace') {
    return { fact, raw: fact.raw.fields, mapped, policy };
  }
  const raw = { ...base.raw, ...fact.raw.fields };
  if (isOverRecordLimit(raw)) {
    const message = `Merged into the call's metadata it makes over ${RECORD_LIMIT_BYTES} bytes.`;
    rejectForIssues(state, fact, [issue('ROW_TOO_LARGE', message)]);
    return null;
  }
  const merged = mapAwaitingZone({ ...fact.raw, fields: raw }, policy, { ...context, isCsv: false });
  if (merged.issues.length > 0) {
    rejectForIssues(state, fact, merged.issues);
    return null;
  }
  return { fact, raw, mapped: merged, policy };
}

/**
 * The policy that a record is read by. One that is still open is read by the newest, unless it does not fit that one and
 * fits the one in force when its file came: a mapping for tomorrow's files does not refuse those of yesterday. A replay is a
 * wish for the newest alone.
 */
function policyToRead(state: FoldState, fact: RecordFact): Policy {
  const policy = policyOf(state, fact);
  const isOpen = fact.judgedPolicy === null && fact.replaySeq === null;
  const former = isOpen ? policyAtArrival(state, fact) : null;
  if (former === null || former.mappingVersion === policy.mappingVersion) return policy;
  if (former.timeZone !== policy.timeZone || fact.raw === null || fact.issues.length > 0) return policy;
  const context = { receivedAtMs: fact.receivedAt, isCsv: fact.ext === 'csv' };
  if (fits(mapAwaitingZone(fact.raw, policy, context))) return policy;
  return fits(mapAwaitingZone(fact.raw, former, context)) ? former : policy;
}

function policyAtArrival(
  { policies }: FoldState,
  { receivedAt, seenAt = receivedAt }: RecordFact,
): Policy | null {
  const version = policies.published?.findLast(({ since }) => since <= seenAt)?.version;
  return version === undefined ? null : (policies.pinned.get(version) ?? null);
}

/** Nothing refuses it, and it has what the mapping asks for. */
const fits = ({ issues, missing, ignoredBy }: MappedRecord): boolean =>
  Boolean(ignoredBy) || (issues.length === 0 && missing.length === 0);

/**
 * A time without a zone in a tenant without one is not an error of the file: the record is read without its times, so that
 * it waits for the zone instead of being rejected.
 */
export function mapAwaitingZone(
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
  const earlier = pending && maySucceed(state, fact) ? pending : null;
  const isSentAgain = earlier !== null && isSameFile(earlier.fact, fact) && isSameContent(earlier, fact);
  if (isSentAgain && !takesOver(fact, earlier.fact)) {
    hear(state, fact);
    judge(state, fact, outcomeOf('UNCHANGED'));
    return;
  }
  const record = readRecord(state, fact, earlier);
  if (!record) return;
  const refusal = isOrigin(state, fact) ? null : whyNotPending(state, record);
  if (refusal) {
    judge(state, fact, refusal);
    return;
  }
  const isPendingValid = pending !== null && isValid(state, pending);
  if (pending) {
    const isOneTooMany = !earlier && isPendingValid;
    judge(state, pending.fact, isOneTooMany ? duplicateOf(fact) : outcomeOf('SUPERSEDED'));
  }
  hear(state, fact);
  if (!fact.isBatchRow) state.sidecar = fact;
  else if (!isPendingValid) state.sidecar = null;
  state.pending = record;
  state.refusedRecord = null;
}

/** Why a record does not take the place of the one that waits already; null where it does. */
function whyNotPending(state: FoldState, record: ReadableRecord): Outcome | null {
  const { pending } = state;
  const isPendingValid = pending !== null && isValid(state, pending);
  if (isPendingValid && !maySucceed(state, record.fact)) return duplicateOf(state.sidecar ?? pending.fact);
  if (isOutdated(state, record.fact)) return outcomeOf('SUPERSEDED');
  const missing = missingIn(state, record);
  return isPendingValid && missing.length > 0 ? incompleteUpdate(missing) : null;
}

const isValid = (state: FoldState, record: ReadableRecord): boolean =>
  isOrigin(state, record.fact) || missingIn(state, record).length === 0;

/** Required fields that a record would lack if its recording came now. */
const missingIn = (state: FoldState, record: ReadableRecord): string[] =>
  contentOf(state.facts.stem, record, null).missing;

const duplicateOf = (first: RecordFact): Outcome =>
  outcomeOf('DUPLICATE_METADATA', `The first is ${first.name}.`);

/** An update that lacks what its call has: the previous one stays. */
const incompleteUpdate = (missing: readonly string[]): Outcome =>
  outcomeOf('METADATA_INVALID', `Required and empty: ${missing.join(', ')}.`);

/** A record once the call is complete: an update, judged by the time it was received. Source: C23, C24. */
export function takeUpdate(state: FoldState, complete: Completion, fact: RecordFact): void {
  const { current } = complete;
  const isUpdate = maySucceed(state, fact);
  if (isUpdate && isSameContent(current, fact)) {
    hear(state, fact);
    if (!fact.isBatchRow) state.sidecar ??= fact;
    judge(state, fact, outcomeOf('UNCHANGED'));
    return;
  }
  const record = readRecord(state, fact, isUpdate ? current : null);
  if (!record) return;
  if (!isUpdate) {
    judge(state, fact, duplicateOf(state.sidecar ?? complete.first.fact));
    return;
  }
  if (isOutdated(state, fact)) {
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
  const { content, missing } = contentOf(state.facts.stem, record, complete.recording);
  if (missing.length > 0) {
    judge(state, fact, incompleteUpdate(missing));
    return;
  }
  hear(state, fact);
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
  if (current.fact !== complete.first.fact && record.policy.settings.updateMode === 'replace') {
    judge(state, current.fact, outcomeOf('SUPERSEDED'));
  }
  complete.current = record;
  if (!fact.isBatchRow) state.sidecar = fact;
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
    recordings: [recording],
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

/** The bytes are those of the record in force, or say the very same strings. */
function isSameContent(current: ReadableRecord, fact: RecordFact): boolean {
  if (fact.issues.length > 0 || fact.raw === null) return false;
  if (current.fact.sha256 === fact.sha256) return true;
  const [a, b] = [current.fact.raw?.fields ?? {}, fact.raw.fields];
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
