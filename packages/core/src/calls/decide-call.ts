import { isCompleteHold } from '../files/file-states.ts';
import { outcomeOf, outcomeSaying } from '../outcomes.ts';
import type { CallFacts, RecordFact, RecordingFact } from './call-facts.ts';
import type { CallDecision, CallPolicies, FileVerdict, Hold, HoldReason } from './decision.ts';
import { purgeAtOf } from './drop-retention.ts';
import {
  elsewhereKeyOf,
  type FoldState,
  forgetPurged,
  hear,
  isOldVersion,
  isOrigin,
  isSameFile,
  judge,
  keyOf,
  rejectForIssues,
  setFactAside,
  startFold,
  supersedeSetAside,
  takesOver,
  targetStem,
  verdictOf,
} from './fold-state.ts';
import { waitingFor, weigh, weighRest } from './hold-reasons.ts';
import { refuseDeleted } from './refuse-deleted.ts';
import { completeCall, takeFirstRecord, takeUpdate } from './take-record.ts';
import { takeReplay } from './take-replay.ts';
import { takeOtherVersion } from './take-version.ts';
import { withdraw } from './withdraw.ts';

/**
 * The state of one call, from its facts alone: they are folded in receive sequence and each is judged by its own
 * receivedAt, so that no order, repetition or delay of jobs can change the answer. Facts received after a file that
 * may belong to the call and that nobody has read yet are left alone until it is read.
 *
 * Invariant: the same facts give the same decision, and more facts only ever add revisions to a complete call.
 */
export function decideCall(facts: CallFacts, policies: CallPolicies): CallDecision {
  if (facts.isDeleted) return refuseDeleted(facts, policies);
  const state = startFold(facts, policies);
  const steps = stepsOf(facts);
  const limit = facts.unreadFromSeq ?? Number.POSITIVE_INFINITY;
  const known = steps.filter(({ at }) => at < limit);
  for (const { take } of known) {
    take(state);
    const recording = state.complete ? null : recordingToComplete(state);
    if (!state.pending || !recording) continue;
    state.complete = completeCall(state, state.pending, recording);
    state.pending = null;
  }
  return conclude(state, known.length < steps.length ? facts.unreadFromSeq : null);
}

/** Decides calls whose facts touch each other, so that a conflict shows in both. */
export function decideCalls(all: readonly CallFacts[], policies: CallPolicies): CallDecision[] {
  const decisions = all.map((facts) => decideCall(facts, policies));
  const inConflict = new Set(decisions.flatMap((d) => d.conflictingRecordings));
  if (inConflict.size === 0) return decisions;
  return decisions.map((decision) => tellConflict(decision, inConflict));
}

/** The recording that makes the call complete with the pending record, or null while something is missing. */
function recordingToComplete(state: FoldState): RecordingFact | null {
  const { reasons, recording } = weigh(state);
  if (!state.pending || !recording || reasons.length > 0) return null;
  const { surfacedWith } = state.facts;
  const isItsPair = isOrigin(state, state.pending.fact) && surfacedWith?.recordingFileId === recording.fileId;
  return surfacedWith && !isItsPair ? null : recording;
}

interface Step {
  /** Its place in the fold. Rows of one batch, and records that moved together, share one: then the order in which they came counts. */
  readonly at: number;
  readonly seq: number;
  readonly row: number;
  readonly take: (state: FoldState) => void;
}

function stepsOf(facts: CallFacts): Step[] {
  const steps: Step[] = [];
  const add = <F extends RecordFact | RecordingFact>(
    fact: F,
    take: (state: FoldState, fact: F) => void,
  ): void => {
    const takeInTime = (state: FoldState): void => {
      forgetPurged(state, fact);
      take(state, fact);
    };
    const came = { seq: fact.seq, row: fact.kind === 'record' ? fact.row : 0 };
    steps.push({ ...came, at: fact.replaySeq ?? fact.seq, take: takeInTime });
    const withdrawnSeq = fact.withdrawnSeq;
    if (withdrawnSeq !== null)
      steps.push({ ...came, at: withdrawnSeq, take: (state) => withdraw(state, fact) });
  };
  for (const fact of facts.recordings) add(fact, takeRecording);
  for (const fact of facts.records) add(fact, takeRecord);
  for (const fact of facts.recordingsElsewhere) add(fact, noteElsewhere);
  for (const replay of facts.replays ?? [])
    steps.push({ at: replay.seq, seq: replay.seq, row: 0, take: (state) => takeReplay(state, replay) });
  return steps.sort((a, b) => a.at - b.at || a.seq - b.seq || a.row - b.row);
}

/** Source: C12, C22; the cases on replaced, repeated and truncated recordings. */
function takeRecording(state: FoldState, fact: RecordingFact): void {
  if (setFactAside(state, fact)) return;
  if (fact.issues.length > 0) {
    state.refusedRecording = rejectForIssues(state, fact, fact.issues);
    return;
  }
  const ofCall = state.complete?.recording;
  if (state.complete?.recordings.some(({ sha256 }) => fact.sha256 === sha256)) {
    judge(state, fact, outcomeOf('DUPLICATE'));
    return;
  }
  if (ofCall && fact.ext === ofCall.ext) {
    takeOtherVersion(state, fact);
    return;
  }
  const earlier = state.recordings.get(fact.ext);
  if (isRepeated(earlier, fact)) {
    judge(state, fact, outcomeOf('DUPLICATE'));
    return;
  }
  if (earlier && fact.seq < earlier.seq) {
    judge(state, fact, outcomeOf('SUPERSEDED'));
    return;
  }
  if (earlier) judge(state, earlier, outcomeOf('SUPERSEDED'));
  state.recordings.set(fact.ext, fact);
  state.refusedRecording = null;
  supersedeSetAside(state, fact);
  if (ofCall) judge(state, fact, outcomeOf('AMBIGUOUS_STEM', `The call of this name has ${ofCall.name}.`));
}

/** The very bytes that are here already. */
const isRepeated = (earlier: RecordingFact | undefined, fact: RecordingFact): boolean =>
  earlier !== undefined && earlier.sha256 === fact.sha256 && !takesOver(fact, earlier);

function takeRecord(state: FoldState, fact: RecordFact): void {
  if (targetStem(fact) !== state.facts.stem) noteMoved(state, fact);
  else if (state.complete) takeUpdate(state, state.complete, fact);
  else takeFirstRecord(state, fact);
}

/** A readable version of a file that is about another recording: an earlier version no longer waits here. */
function noteMoved(state: FoldState, fact: RecordFact): void {
  // Other files of this call do not count for a file that belongs to another call.
  if (fact.issues.length > 0 || isOldVersion(state, fact)) return;
  hear(state, fact);
  if (!state.pending || !isSameFile(state.pending.fact, fact)) return;
  judge(state, state.pending.fact, outcomeOf('SUPERSEDED'));
  state.pending = null;
}

function noteElsewhere(state: FoldState, fact: RecordingFact): void {
  const earlier = state.elsewhere.get(elsewhereKeyOf(fact));
  if (fact.issues.length > 0 || isRepeated(earlier, fact) || (earlier && fact.seq < earlier.seq)) return;
  state.elsewhere.set(elsewhereKeyOf(fact), fact);
}

function conclude(state: FoldState, waitsForSeq: number | null): CallDecision {
  const { complete, facts } = state;
  const standing = complete ? null : weighRest(state);
  const isHidden = complete !== null && !maySurface(state);
  const crmWaitEndsAt = isHidden ? null : endOfCrmWait(state);
  const isReady = isHidden || crmWaitEndsAt !== null;
  const reasons: HoldReason[] = [...(standing?.reasons ?? [])];
  if (isReady) {
    const code = isHidden ? 'READY' : 'CRM_PENDING';
    holdComplete(state, code);
    reasons.push({ code, message: outcomeOf(code).message });
  }
  for (const recording of state.recordings.values()) {
    if (recording === complete?.recording) continue;
    holdRecording(state, recording, standing?.recording ?? null, reasons);
  }
  if (state.pending && reasons[0]) holdAs(state, state.pending.fact, reasons[0]);
  const verdicts = verdictsToTell(state);
  const hold = holdOf(facts, verdicts, reasons);
  return {
    callKey: facts.callKey,
    status: complete
      ? isReady
        ? 'ready'
        : 'surfaced'
      : verdicts.some((v) => v.state === 'held')
        ? 'held'
        : 'empty',
    verdicts,
    recording: complete?.recording ?? null,
    firstRecording: complete?.recordings[0] ?? null,
    revisions: complete?.revisions ?? [],
    updatesUntil: complete?.updatesUntil ?? null,
    hold: hold && crmWaitEndsAt !== null ? { ...hold, until: crmWaitEndsAt } : hold,
    waitsForSeq,
    changesAt: crmWaitEndsAt,
    conflictingRecordings: standing?.conflictingRecordings ?? [],
  };
}

function maySurface({ complete, policies, facts }: FoldState): boolean {
  if (facts.hasSurfaced) return true;
  const startedAt = complete?.revisions[0]?.content.startedAt ?? null;
  const isEarly = policies.surfaceFrom !== null && startedAt !== null && startedAt < policies.surfaceFrom;
  return policies.isLive && !isEarly;
}

/**
 * Until when a complete call waits because a CRM file of its tenant is received and not finished; null where it does not. The wait
 * is bounded from the arrival of the metadata itself, so that a stream of CRM files starves nobody. Source: C26, case 79, 82.
 */
function endOfCrmWait({ complete, policies, facts }: FoldState): number | null {
  const now = policies.crmPendingAt ?? null;
  if (complete === null || facts.hasSurfaced || now === null) return null;
  const endsAt = complete.first.fact.receivedAt + policies.current.settings.crmWaitSeconds * 1000;
  return now < endsAt ? endsAt : null;
}

function holdComplete(state: FoldState, held: 'READY' | 'CRM_PENDING'): void {
  for (const [key, verdict] of state.verdicts) {
    const code = verdict.outcome.code;
    if (code === 'SURFACED' || code === 'UPDATED') {
      state.verdicts.set(key, { ...verdict, state: 'held', outcome: outcomeOf(held) });
    }
  }
}

function holdRecording(
  state: FoldState,
  recording: RecordingFact,
  chosen: RecordingFact | null,
  reasons: readonly HoldReason[],
): void {
  const code = reasons[0]?.code;
  if (state.complete) {
    if (verdictOf(state, recording)?.outcome.code === 'AMBIGUOUS_STEM') return;
    judge(
      state,
      recording,
      outcomeOf('NO_METADATA', `The metadata of this name belongs to ${state.complete.recording.name}.`),
    );
  } else if (recording.media?.isTruncated) judge(state, recording, outcomeOf('TRUNCATED_MEDIA'));
  else if (code === undefined || code === 'NO_METADATA') judge(state, recording, outcomeOf('NO_METADATA'));
  else if (chosen !== null && recording !== chosen) judge(state, recording, outcomeOf('NO_METADATA'));
  else if (reasons[0]) holdAs(state, recording, reasons[0]);
}

/** Holds a fact for the very reason of its call. */
const holdAs = (state: FoldState, fact: RecordFact | RecordingFact, reason: HoldReason): void =>
  judge(state, fact, outcomeSaying(reason.code, reason.message));

/**
 * What was purged unpaired has ended outside the fold. What was purged as part of a complete call that nobody had seen
 * ends with that call, when it is taken apart.
 */
function verdictsToTell({ facts, verdicts }: FoldState): FileVerdict[] {
  const known = new Map([...facts.recordings, ...facts.records].map((fact) => [keyOf(fact), fact]));
  return [...verdicts].flatMap(([key, verdict]): FileVerdict[] => {
    const file = known.get(key);
    if (file?.isPurgedUnpaired) return [];
    const isComplete = isCompleteHold(verdict.outcome.code);
    const isLeftOver = file?.isPurged && verdict.state === 'held' && !isComplete;
    return [isLeftOver ? { ...verdict, state: 'rejected', outcome: outcomeOf('PURGED_UNPAIRED') } : verdict];
  });
}

function holdOf(
  facts: CallFacts,
  verdicts: readonly FileVerdict[],
  reasons: readonly HoldReason[],
): Hold | null {
  const open = verdicts.filter((v) => v.state === 'held');
  if (open.length === 0) return null;
  const ids = new Set(open.map((v) => v.fileId));
  const held = [...facts.recordings, ...facts.records].filter((f) => ids.has(f.fileId));
  const purged = held.filter((f) => f.kind === 'record' || f.isExternal !== true);
  const told =
    reasons.length > 0 ? reasons : open.map((v) => ({ code: v.outcome.code, message: v.outcome.message }));
  return {
    reasons: told,
    waitingFor: waitingFor(told.map((r) => r.code)),
    since: Math.min(...held.map((f) => f.receivedAt)),
    until: purged.length === 0 ? null : Math.min(...purged.map(purgeAtOf)),
    fileIds: [...ids],
  };
}

function tellConflict(decision: CallDecision, inConflict: ReadonlySet<string>): CallDecision {
  const isTold = (v: FileVerdict): boolean => inConflict.has(v.fileId) && v.outcome.code === 'NO_METADATA';
  if (!decision.verdicts.some(isTold)) return decision;
  const outcome = outcomeOf('PAIR_CONFLICT', 'The metadata of this name names another recording.');
  return {
    ...decision,
    verdicts: decision.verdicts.map((v) => (isTold(v) ? { ...v, outcome } : v)),
    hold: decision.hold && {
      ...decision.hold,
      waitingFor: 'correction',
      reasons: [{ code: 'PAIR_CONFLICT', message: outcome.message }, ...decision.hold.reasons],
    },
  };
}
