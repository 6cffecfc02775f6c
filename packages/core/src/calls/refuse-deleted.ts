import { outcomeOf } from '../outcomes.ts';
import type { CallFacts } from './call-facts.ts';
import type { CallDecision, CallPolicies } from './decision.ts';
import { judge, startFold, targetStem } from './fold-state.ts';

/**
 * What becomes of files whose call was deleted under the tenant's data retention: each is refused, whenever it came, so
 * that a file sent again neither brings the call back nor makes a second one. Source: E5.
 */
export function refuseDeleted(facts: CallFacts, policies: CallPolicies): CallDecision {
  const state = startFold(facts, policies);
  const records = facts.records.filter((fact) => targetStem(fact) === facts.stem);
  for (const fact of [...facts.recordings, ...records]) {
    if (fact.isPurgedUnpaired) continue;
    judge(state, fact, outcomeOf(fact.withdrawnSeq === null ? 'CALL_DELETED' : 'WITHDRAWN'));
  }
  return {
    callKey: facts.callKey,
    status: 'deleted',
    verdicts: [...state.verdicts.values()],
    recording: null,
    firstRecording: null,
    revisions: [],
    updatesUntil: null,
    hold: null,
    waitsForSeq: null,
    changesAt: null,
    conflictingRecordings: [],
  };
}
