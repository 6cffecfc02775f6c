import { isSetAside } from '../files/set-aside.ts';
import type { Issue } from '../issue.ts';
import { type Outcome, outcomeOf, rejectionOf, stateOf } from '../outcomes.ts';
import type { Policy } from '../policy.ts';
import type { ReadableRecord } from './call-content.ts';
import type { CallFacts, RecordFact, RecordingFact } from './call-facts.ts';
import type { CallPolicies, CallRevision, FileVerdict, HoldReason } from './decision.ts';
import { type DropTimes, purgeAtOf } from './drop-retention.ts';

/** What a call was made of when its facts first sufficed. */
export interface Completion {
  /** The recording in force, and all versions of it from the one that completed the call. */
  recording: RecordingFact;
  readonly recordings: RecordingFact[];
  readonly first: ReadableRecord;
  /** The record in force: the last that was applied. */
  current: ReadableRecord;
  readonly revisions: CallRevision[];
  readonly updatesUntil: number;
}

/** State of the fold of one call's facts. */
export interface FoldState {
  readonly facts: CallFacts;
  readonly policies: CallPolicies;
  readonly verdicts: Map<string, FileVerdict>;
  /** Open recordings of this stem, by extension. */
  readonly recordings: Map<string, RecordingFact>;
  /** Recordings at other stems, by stem and extension: whoever names us from there has a recording of its own. */
  readonly elsewhere: Map<string, RecordingFact>;
  /** The valid record that waits for its recording. */
  pending: ReadableRecord | null;
  /** The sidecar that represents the call: one of another extension is one too many. Null while only batch rows do. */
  sidecar: RecordFact | null;
  /** The highest `seq` that each metadata file was heard with: what it said earlier is out of date. */
  readonly heard: Map<string, number>;
  /** Files that could not be read, by what tells their versions apart: the newest of each. */
  readonly setAside: Map<string, RecordFact | RecordingFact>;
  /** Policies that records were read by, by `keyOf`: they end under them. */
  readonly readBy: Map<string, Policy>;
  /** Why the last file of the missing half was refused. */
  refusedRecord: HoldReason | null;
  refusedRecording: HoldReason | null;
  complete: Completion | null;
}

export const startFold = (facts: CallFacts, policies: CallPolicies): FoldState => ({
  facts,
  policies,
  verdicts: new Map(),
  recordings: new Map(),
  elsewhere: new Map(),
  pending: null,
  sidecar: null,
  heard: new Map(),
  setAside: new Map(),
  readBy: new Map(),
  refusedRecord: null,
  refusedRecording: null,
  complete: null,
});

export const policyOf = (state: FoldState, fact: RecordFact | RecordingFact): Policy =>
  fact.judgedPolicy === null
    ? state.policies.current
    : (state.policies.pinned.get(fact.judgedPolicy) ?? state.policies.current);

/** The stem of the recording that a record is about. */
export const targetStem = (fact: RecordFact): string => fact.namedStem ?? fact.stem;

/** Two versions of one metadata file. */
export const isSameFile = (a: RecordFact, b: RecordFact): boolean => versionKeyOf(a) === versionKeyOf(b);

const versionKeyOf = (fact: RecordFact): string =>
  `${fact.isBatchRow ? fact.fileId : `${fact.stem}.${fact.ext}`}#${fact.row}`;

/** Whether a record may speak for a call that others spoke for: a batch row always, a sidecar unless another does. Source: C15. */
export const maySucceed = (state: FoldState, fact: RecordFact): boolean =>
  fact.isBatchRow || state.sidecar === null || isSameFile(state.sidecar, fact);

/** Whether a replayed record was received before what the call, or a later version of its file, says now. */
export function isOutdated(state: FoldState, fact: RecordFact): boolean {
  const inForce = state.complete?.current ?? state.pending;
  return fact.seq < (inForce?.fact.seq ?? 0) || isOldVersion(state, fact);
}

/** Whether a later version of its own file was heard already. */
export const isOldVersion = (state: FoldState, fact: RecordFact): boolean =>
  fact.seq < (state.heard.get(versionKeyOf(fact)) ?? 0);

/** Whether a visible call was made of this record: nothing that is known today can put another in its place. */
export function isOrigin(state: FoldState, fact: RecordFact): boolean {
  const { surfacedWith } = state.facts;
  return surfacedWith?.recordFileId === fact.fileId && surfacedWith.row === fact.row;
}

/** Notes that a record was accepted, here or by the call it is about, or said again what holds already. */
export function hear(state: FoldState, fact: RecordFact): void {
  supersedeSetAside(state, fact);
  const before = state.heard.get(versionKeyOf(fact)) ?? 0;
  state.heard.set(versionKeyOf(fact), Math.max(before, fact.seq));
}

export const unhear = (state: FoldState, fact: RecordFact): boolean => state.heard.delete(versionKeyOf(fact));

/**
 * Drops what was purged before `fact` was seen. A purged fact counts for all that was seen while it was still here:
 * leaving it out would change how a call came about, after the call was published. What a door found late may say that
 * it is older than the purge: it came after it all the same.
 */
export function forgetPurged(state: FoldState, { receivedAt, seenAt = receivedAt }: DropTimes): void {
  const isGone = (known: RecordFact | RecordingFact): boolean =>
    known.isPurgedUnpaired && purgeAtOf(known) <= seenAt;
  for (const known of [state.recordings, state.elsewhere]) {
    for (const [key, fact] of known) if (isGone(fact)) known.delete(key);
  }
  if (state.pending && isGone(state.pending.fact)) state.pending = null;
}

/** The same sent again takes the place of what was purged, unless it was removed itself. */
export const takesOver = (fact: RecordFact | RecordingFact, earlier: RecordFact | RecordingFact): boolean =>
  earlier.isPurgedUnpaired && fact.withdrawnSeq === null;

/** Distinguishes recordings of different stems. */
export const elsewhereKeyOf = (fact: RecordFact | RecordingFact): string => `${fact.stem}.${fact.ext}`;

/** Sets a fact aside that could not be read; false where it was read, or is refused for what it holds. */
export function setFactAside(state: FoldState, fact: RecordFact | RecordingFact): boolean {
  const code = fact.issues[0]?.code;
  if (!isSetAside(code)) return false;
  const earlier = state.setAside.get(setAsideKeyOf(fact));
  if (earlier && fact.seq < earlier.seq) {
    judge(state, fact, outcomeOf('SUPERSEDED'));
    return true;
  }
  supersedeSetAside(state, fact);
  judge(state, fact, outcomeOf(code));
  state.setAside.set(setAsideKeyOf(fact), fact);
  return true;
}

/** A later version takes the place of one that could not be read. */
export function supersedeSetAside(state: FoldState, fact: RecordFact | RecordingFact): void {
  const earlier = state.setAside.get(setAsideKeyOf(fact));
  if (earlier === undefined) return;
  state.setAside.delete(setAsideKeyOf(fact));
  judge(state, earlier, outcomeOf('SUPERSEDED'));
}

export const setAsideKeyOf = (fact: RecordFact | RecordingFact): string =>
  fact.kind === 'record' ? versionKeyOf(fact) : elsewhereKeyOf(fact);

/** Names one fact as a verdict does: rows of one batch may touch the same call. */
export const keyOf = (fact: RecordFact | RecordingFact): string =>
  fact.kind === 'record' ? `${fact.fileId}#${fact.row}` : fact.fileId;

/** Writes what became of a fact; a later verdict on the same fact replaces it. */
export function judge(
  state: FoldState,
  fact: RecordFact | RecordingFact,
  outcome: Outcome,
  warnings: readonly Issue[] = [],
): void {
  const before = state.verdicts.get(keyOf(fact));
  state.verdicts.set(keyOf(fact), {
    fileId: fact.fileId,
    row: fact.kind === 'record' ? fact.row : null,
    state: stateOf(outcome.code),
    outcome,
    warnings: warnings.length > 0 ? [...fact.warnings, ...warnings] : (before?.warnings ?? fact.warnings),
    policyVersion: (state.readBy.get(keyOf(fact)) ?? policyOf(state, fact)).version,
  });
}

export const verdictOf = (state: FoldState, fact: RecordFact | RecordingFact): FileVerdict | undefined =>
  state.verdicts.get(keyOf(fact));

/** Rejects a fact for the issues found in it. */
export function rejectForIssues(
  state: FoldState,
  fact: RecordFact | RecordingFact,
  issues: readonly Issue[],
): HoldReason {
  const outcome = rejectionOf(issues);
  judge(state, fact, outcome);
  return { code: outcome.code, message: outcome.message };
}
