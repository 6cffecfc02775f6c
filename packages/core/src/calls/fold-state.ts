import { type Issue, issue } from '../issue.ts';
import { isOutcomeCode, type Outcome, type OutcomeCode, outcomeSaying, stateOf } from '../outcomes.ts';
import type { Policy } from '../policy.ts';
import type { ReadableRecord } from './call-content.ts';
import type { CallFacts, RecordFact, RecordingFact } from './call-facts.ts';
import type { CallPolicies, CallRevision, FileVerdict, HoldReason } from './decision.ts';

/** What a call was made of when its facts first sufficed. */
export interface Completion {
  readonly recording: RecordingFact;
  readonly first: ReadableRecord;
  /** The record in force: the last that was applied. */
  current: ReadableRecord;
  readonly revisions: CallRevision[];
  readonly updatesUntil: number;
}

/** Where the fold of one call's facts stands. */
export interface FoldState {
  readonly facts: CallFacts;
  readonly policies: CallPolicies;
  readonly verdicts: Map<string, FileVerdict>;
  /** Open recordings of this stem, by extension. */
  readonly recordings: Map<string, RecordingFact>;
  /** Recordings at other stems, by stem: whoever names us from there has a recording of its own. */
  readonly elsewhere: Map<string, RecordingFact>;
  /** The valid record that waits for its recording. */
  pending: ReadableRecord | null;
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

const keyOf = (fact: RecordFact | RecordingFact): string =>
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
    policyVersion: policyOf(state, fact).version,
  });
}

export const verdictOf = (state: FoldState, fact: RecordFact | RecordingFact): FileVerdict | undefined =>
  state.verdicts.get(keyOf(fact));

/** Rejects a fact for the issues found in it: the first gives the code, up to three are told. */
export function rejectForIssues(
  state: FoldState,
  fact: RecordFact | RecordingFact,
  issues: readonly Issue[],
): HoldReason {
  const first = issues[0] ?? issue('METADATA_INVALID', 'It cannot be read.');
  const code: OutcomeCode =
    isOutcomeCode(first.code) && stateOf(first.code) === 'rejected' ? first.code : 'METADATA_INVALID';
  const told = issues.slice(0, 3).map((i) => (i.at ? `${i.message} (${i.at})` : i.message));
  if (issues.length > 3) told.push(`And ${issues.length - 3} more.`);
  judge(state, fact, outcomeSaying(code, told.join(' ')));
  return { code, message: told.join(' ') };
}
