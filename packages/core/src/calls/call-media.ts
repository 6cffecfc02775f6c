import type { RecordingFact } from './call-facts.ts';

/** The media of a visible call, as the API shows it. */
export interface CallMedia {
  readonly name: string;
  readonly contentType: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly durationSeconds: number | null;
  readonly channels: number | null;
  readonly codec: string | null;
  /** How to separate the speakers: by channel, or by diarization where all share one channel. */
  readonly speakerSeparation: 'channels' | 'diarize';
}

/** Null for an external recording, whose bytes rest elsewhere. */
export function mediaOf(recording: RecordingFact): CallMedia | null {
  if (recording.isExternal) return null;
  const { media } = recording;
  return {
    name: recording.name,
    contentType: media?.contentType ?? 'application/octet-stream',
    sizeBytes: recording.sizeBytes,
    sha256: recording.sha256,
    durationSeconds: media?.durationSeconds ?? null,
    channels: media?.channels ?? null,
    codec: media?.codec ?? null,
    speakerSeparation: (media?.channels ?? 0) >= 2 ? 'channels' : 'diarize',
  };
}
