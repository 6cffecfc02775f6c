import { outcomeOf } from '../outcomes.ts';
import type { RecordFact, RecordingFact } from './call-facts.ts';
import {
  type Completion,
  elsewhereKeyOf,
  type FoldState,
  judge,
  setAsideKeyOf,
  targetStem,
  unhear,
} from './fold-state.ts';

/**
 * The customer removed the file: that counts until the call is complete, or while the fact is only held. A complete
 * call that nobody could see is taken apart again. Source: case 59.
 */
export function withdraw(state: FoldState, fact: RecordFact | RecordingFact): void {
  const { complete, pending, recordings, elsewhere, facts } = state;
  if (elsewhere.get(elsewhereKeyOf(fact)) === fact) elsewhere.delete(elsewhereKeyOf(fact));
  const stem = fact.kind === 'record' ? targetStem(fact) : fact.stem;
  if (stem !== facts.stem) return;
  if (state.setAside.get(setAsideKeyOf(fact)) === fact) {
    state.setAside.delete(setAsideKeyOf(fact));
    judge(state, fact, outcomeOf('WITHDRAWN'));
    return;
  }
  const isHidden = fact.isWithdrawnHidden && !(facts.surfacedWith && complete && isPartOf(complete, fact));
  const isHeld =
    fact.kind === 'record'
      ? pending?.fact === fact
      : complete?.recording !== fact && recordings.get(fact.ext) === fact;
  if (!isHidden && !isHeld) return;
  if (isHidden && complete && isPartOf(complete, fact)) takeApart(state, complete);
  if (fact.kind === 'recording') {
    if (recordings.get(fact.ext) === fact) recordings.delete(fact.ext);
  } else if (state.pending?.fact === fact) {
    state.pending = null;
    unhear(state, fact);
  }
  judge(state, fact, outcomeOf('WITHDRAWN'));
}

const isPartOf = ({ recording, revisions }: Completion, fact: RecordFact | RecordingFact): boolean =>
  fact.kind === 'recording'
    ? fact === recording
    : revisions.some((r) => r.fileId === fact.fileId && r.row === fact.row);

/**
 * The call is none any more: its record in force waits again, as if it had just taken the place of the earlier ones.
 */
function takeApart(state: FoldState, complete: Completion): void {
  const earlier = state.facts.records.filter((r) => isPartOf(complete, r) && r !== complete.current.fact);
  const versions = complete.recordings.filter((version) => version !== complete.recording);
  for (const fact of [...earlier, ...versions]) judge(state, fact, outcomeOf('SUPERSEDED'));
  state.pending = complete.current;
  state.complete = null;
}
