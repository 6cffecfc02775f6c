import { isSetAside } from '../files/set-aside.ts';
import { canonicalStem } from '../names/canonical-stem.ts';
import { stripSourcePrefix } from '../names/strip-source-prefix.ts';
import { type OutcomeCode, outcomeOf } from '../outcomes.ts';
import { contentOf, type ReadableRecord } from './call-content.ts';
import type { RecordFact, RecordingFact } from './call-facts.ts';
import type { Hold, HoldReason } from './decision.ts';
import { type FoldState, forgetPurged } from './fold-state.ts';

/** What is missing for a complete call. With empty `reasons` nothing is, and `recording` is the recording of the call. */
export interface Standing {
  readonly reasons: readonly HoldReason[];
  readonly recording: RecordingFact | null;
  readonly conflictingRecordings: readonly string[];
}

/** Weighs an incomplete call's facts. Source: C12, C14, C22. */
export function weigh(state: FoldState): Standing {
  const { pending, recordings } = state;
  if (!pending || pending.fact.isPurgedUnpaired) {
    const unread = setAsideReasons(state, 'record');
    const reasons =
      recordings.size > 0
        ? [ambiguity([...recordings.values()]) ?? missingHalf('NO_METADATA', unread), state.refusedRecord]
        : [state.refusedRecord];
    return standing([...reasons, ...unread], null);
  }
  const chosen = chooseRecording(recordings, pending, state.facts.stem);
  const { missing } = contentOf(state.facts.stem, pending, chosen);
  const lacking = missing.map((field) =>
    reason('MISSING_REQUIRED', missingDetail(field, pending.policy.timeZone), field),
  );
  const unread = recordings.size === 0 ? setAsideReasons(state, 'recording') : [];
  const waiting =
    recordings.size === 0
      ? [ambiguity([pending.fact]) ?? missingHalf('NO_RECORDING', unread), state.refusedRecording, ...unread]
      : [];
  const rivals = [...state.elsewhere.values()].filter((r) => r.stem === pending.fact.stem);
  if (rivals[0]) {
    const named = chosen?.name ?? pending.mapped.filename;
    const detail = `${pending.fact.name} names ${named}, while ${rivals[0].name} is here too.`;
    const ids = rivals.map((rival) => rival.fileId);
    return standing([reason('PAIR_CONFLICT', detail), ...lacking, ...waiting], chosen, ids);
  }
  if (recordings.size === 0) return standing([...lacking, ...waiting], null);
  if (!chosen)
    return standing([reason('AMBIGUOUS_STEM', `They are ${names(recordings)}.`), ...lacking], null);
  if (chosen.isPurgedUnpaired) return standing([reason('NO_RECORDING'), ...lacking], chosen);
  if (chosen.media?.isTruncated) return standing([reason('TRUNCATED_MEDIA'), ...lacking], chosen);
  return standing(lacking, chosen);
}

/**
 * Why an incomplete call waits once its purged facts are gone. That they go completes nothing by itself: when a sweep
 * runs must not decide which recording a record is about.
 */
export function weighRest(state: FoldState): Standing {
  const before = weigh(state);
  forgetPurged(state, { receivedAt: Number.POSITIVE_INFINITY });
  const rest = weigh(state);
  return state.pending && rest.reasons.length === 0 ? before : rest;
}

/** What must come for these reasons to go. */
export function waitingFor(all: readonly OutcomeCode[]): Hold['waitingFor'] {
  const codes = all.filter((code) => !isSetAside(code));
  if (codes.length === 0) return 'operator';
  if (codes.includes('READY')) return 'goLive';
  if (codes.includes('CRM_PENDING')) return 'crm';
  if (codes.some((code) => !['NO_METADATA', 'NO_RECORDING', 'TRUNCATED_MEDIA'].includes(code)))
    return 'correction';
  return codes.includes('NO_METADATA') ? 'metadata' : 'recording';
}

/** Files of this kind that may be the missing half, and could not be read. */
const setAsideReasons = (state: FoldState, kind: 'record' | 'recording'): HoldReason[] =>
  [...state.setAside.values()]
    .filter((fact) => fact.kind === kind && !fact.isPurged)
    .flatMap(({ issues }) => (isSetAside(issues[0]?.code) ? [reason(issues[0].code)] : []));

const missingHalf = (code: OutcomeCode, unread: readonly HoldReason[]): HoldReason =>
  reason(code, unread.length > 0 ? 'A file of this name came and could not be read.' : null);

/** Reported where shared fields match several others as well, and a person has to say which. Source: C20. */
function ambiguity(facts: readonly (RecordFact | RecordingFact)[]): HoldReason | null {
  const matchIds = facts.flatMap((fact) => fact.ambiguousMatches ?? []).toSorted();
  if (matchIds.length === 0) return null;
  return { ...reason('AMBIGUOUS_MATCH', `Matches: ${matchIds.join(', ')}.`), matchIds };
}

/** The one recording the record is about: the one it names with its extension, else the only one. */
function chooseRecording(
  recordings: ReadonlyMap<string, RecordingFact>,
  { mapped, policy }: ReadableRecord,
  stem: string,
): RecordingFact | null {
  if (mapped.filename !== null) {
    const named = canonicalStem(mapped.filename);
    const isThis = stripSourcePrefix(named.stem, policy.settings.sourcePrefixes) === stem;
    const exact = isThis ? recordings.get(named.ext) : undefined;
    if (exact) return exact;
  }
  const [only, ...others] = recordings.values();
  return only && others.length === 0 ? only : null;
}

const reason = (code: OutcomeCode, detail: string | null = null, field?: string): HoldReason => ({
  code,
  message: outcomeOf(code, detail).message,
  ...(field === undefined ? {} : { field }),
});

const standing = (
  reasons: readonly (HoldReason | null)[],
  recording: RecordingFact | null,
  conflictingRecordings: readonly string[] = [],
): Standing => ({ reasons: reasons.filter((r) => r !== null), recording, conflictingRecordings });

const names = (recordings: ReadonlyMap<string, RecordingFact>): string =>
  [...recordings.values()].map((r) => r.name).join(', ');

const missingDetail = (field: string, timeZone: string | null): string =>
  field === 'startedAt' && timeZone === null
    ? 'Missing: startedAt. The tenant has no time zone, so a time without an offset cannot be read.'
    : `Missing: ${field}.`;
