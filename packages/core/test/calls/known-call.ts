import type { CallDecision, KnownCall } from '../../src/index.ts';

/** The call of stem `a` before anything was decided. */
export const UNKNOWN: KnownCall = {
  callKey: 'stem:a',
  status: 'empty',
  revision: 0,
  callId: null,
  recordingFileId: null,
  firstRecordingFileId: null,
  recordFileId: null,
  recordRow: null,
};

/** The stored state that a decision leaves behind. */
export const knownAfter = (decision: CallDecision, before: KnownCall = UNKNOWN): KnownCall => ({
  callKey: decision.callKey,
  status: decision.status,
  revision: decision.revisions.length,
  callId: decision.status === 'surfaced' ? 7 : before.callId,
  recordingFileId: decision.recording?.fileId ?? null,
  firstRecordingFileId: decision.firstRecording?.fileId ?? null,
  recordFileId: decision.revisions[0]?.fileId ?? null,
  recordRow: decision.revisions[0]?.row ?? null,
});
