import type { SurfacedWith } from './call-facts.ts';
import type { CallDecision, CallRevision } from './decision.ts';

/** The stored state of a call before a decision. */
export interface KnownCall {
  readonly callKey: string;
  readonly status: CallDecision['status'];
  /** The number of the last stored revision, 0 without any. */
  readonly revision: number;
  /** Null until the call surfaces. */
  readonly callId: number | null;
  readonly recordingFileId: string | null;
  /** The version of the recording that completed the call; null where that is `recordingFileId`. */
  readonly firstRecordingFileId: string | null;
  readonly recordFileId: string | null;
  readonly recordRow: number | null;
}

/** What is known of a call before its first decision. */
export const newCall = (callKey: string): KnownCall => ({
  callKey,
  status: 'empty',
  revision: 0,
  callId: null,
  recordingFileId: null,
  firstRecordingFileId: null,
  recordFileId: null,
  recordRow: null,
});

/** The pair that made a visible call; undefined for a call that is not visible. */
export function surfacedPair(known: KnownCall): SurfacedWith | undefined {
  const { status, recordFileId, recordRow } = known;
  const recordingFileId = known.firstRecordingFileId ?? known.recordingFileId;
  if (status !== 'surfaced' || recordingFileId === null || recordFileId === null) return undefined;
  return { recordingFileId, recordFileId, row: recordRow ?? 0 };
}

/**
 * Invariant: a visible call stays visible and keeps its pair, and a published revision stays published. A decision that
 * breaks this is a bug, so the function throws before anything is stored.
 */
export function assertNothingTakenBack(decision: CallDecision, known: KnownCall): void {
  if (known.status !== 'surfaced') return;
  const isSame =
    decision.status === 'surfaced' &&
    decision.firstRecording?.fileId === surfacedPair(known)?.recordingFileId &&
    (decision.recording?.fileId === known.recordingFileId || decision.revisions.length > known.revision) &&
    decision.revisions[0]?.fileId === known.recordFileId &&
    decision.revisions.length >= known.revision;
  if (!isSame) throw new Error(`deciding ${decision.callKey} again would take back what was published`);
}

/** Whether this decision makes the call visible for the first time. */
export const surfacesNow = (decision: CallDecision, known: KnownCall): boolean =>
  decision.status === 'surfaced' && known.callId === null;

/** What a decision adds to the stored history of a call. */
export interface HistoryChange {
  /** The stored revisions were never published: a new policy may make them anew, so they go first. */
  readonly replacesStored: boolean;
  readonly revisions: readonly CallRevision[];
}

export function historyChange(decision: CallDecision, known: KnownCall): HistoryChange {
  if (known.status === 'surfaced')
    return { replacesStored: false, revisions: decision.revisions.slice(known.revision) };
  return { replacesStored: known.revision > 0, revisions: decision.revisions };
}
