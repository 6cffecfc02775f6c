import { outcomeOf } from '../outcomes.ts';
import { changesBetween, contentOf } from './call-content.ts';
import type { RecordingFact } from './call-facts.ts';
import { type FoldState, judge } from './fold-state.ts';

/**
 * Whether a recording is an earlier one with more behind it: some recorders append to a file that they have closed before,
 * so that the first part was taken for the whole. A file that is short of what it declares takes no other's place.
 */
export const goesOn = (later: RecordingFact, earlier: RecordingFact): boolean =>
  later.seq > earlier.seq &&
  later.media !== null &&
  !later.media.isTruncated &&
  earlier.sha256 !== '' &&
  (later.media.prefixes ?? []).some(
    ({ sizeBytes, sha256 }) => sizeBytes === earlier.sizeBytes && sha256 === earlier.sha256,
  );

/**
 * Another version of the recording of a complete call. Within the window in which the call may change, one that goes on
 * with the bytes in force takes their place and makes a revision; nothing else does. Source: C24, case 27.
 */
export function takeOtherVersion(state: FoldState, fact: RecordingFact): void {
  const { complete, facts } = state;
  if (!complete) return;
  const { recording, recordings, current, revisions } = complete;
  if (!goesOn(fact, recording) || fact.receivedAt > complete.updatesUntil) {
    judge(state, fact, outcomeOf('MEDIA_IMMUTABLE'));
    return;
  }
  const previous = revisions.at(-1)!;
  const { content } = contentOf(facts.stem, current, fact);
  // The first version surfaced with the call, as its first metadata did.
  if (recording !== recordings[0]) judge(state, recording, outcomeOf('SUPERSEDED'));
  complete.recording = fact;
  recordings.push(fact);
  state.recordings.set(fact.ext, fact);
  revisions.push({
    revision: previous.revision + 1,
    fileId: fact.fileId,
    row: 0,
    receivedAt: fact.receivedAt,
    content,
    changed: {
      ...changesBetween(previous.content, content),
      'media.sizeBytes': [recording.sizeBytes, fact.sizeBytes],
    },
  });
  judge(state, fact, outcomeOf('UPDATED'));
}
