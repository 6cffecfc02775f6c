import type { Issue } from '../issue.ts';
import type { RawRecord } from '../mapping/field-mapping.ts';

/** What the media check found in a recording's bytes. */
export interface MediaFacts {
  readonly contentType: string;
  readonly durationSeconds: number | null;
  readonly channels: number | null;
  readonly codec: string | null;
  /** The container declares more than the bytes hold. */
  readonly isTruncated: boolean;
  /** Digests of the file's beginning, at the sizes that earlier files of its name had; absent where there were none. */
  readonly prefixes?: readonly MediaPrefix[] | undefined;
}

/** The first bytes of a recording, by which it is known to go on with an earlier file. */
export interface MediaPrefix {
  readonly sizeBytes: number;
  readonly sha256: string;
}

interface Fact {
  readonly fileId: string;
  /** The tenant's receive sequence: the order of everything. */
  readonly seq: number;
  /** Position of a replayed file in the fold, in place of its `seq`; null where it was never replayed. */
  readonly replaySeq: number | null;
  /** Epoch milliseconds of the file's receivedAt. */
  readonly receivedAt: number;
  /** Epoch milliseconds at which the door took the file in; absent where that is `receivedAt`. It never runs backwards with `seq`. */
  readonly seenAt?: number | undefined;
  readonly name: string;
  readonly stem: string;
  readonly ext: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  /** Reasons found in the bytes or the name that reject the file. */
  readonly issues: readonly Issue[];
  readonly warnings: readonly Issue[];
  /** Receive sequence at which the customer removed the file, else null. */
  readonly withdrawnSeq: number | null;
  /** When it was removed no call of its own could be visible: the tenant was not live, or the call waited as READY. */
  readonly isWithdrawnHidden: boolean;
  /** The file has left the drop; a complete call keeps what it needs of it. */
  readonly isPurged: boolean;
  /** The file was purged before it found its other half, so it no longer counts. */
  readonly isPurgedUnpaired: boolean;
  /** Policy version under which the fact ended; null while it is open. */
  readonly judgedPolicy: number | null;
  /** Ids of the matches that fit it equally well, so that none was picked. */
  readonly ambiguousMatches?: readonly string[] | undefined;
}

export interface RecordingFact extends Fact {
  readonly kind: 'recording';
  readonly media: MediaFacts | null;
  /** It rests outside, so that nothing of it is ever purged. */
  readonly isExternal?: boolean | undefined;
}

/** One record of a metadata file. `raw` is null where the file could not be read: then `issues` says why. */
export interface RecordFact extends Fact {
  readonly kind: 'record';
  readonly row: number;
  /** A row of a batch: it represents its call whatever file it came in. */
  readonly isBatchRow: boolean;
  readonly raw: RawRecord | null;
  /** Stem of the recording that the record names, or null where it names none. */
  readonly namedStem: string | null;
}

/** All that is known about one call key, in no particular order. */
export interface CallFacts {
  readonly callKey: string;
  readonly stem: string;
  /** Recordings of this stem. */
  readonly recordings: readonly RecordingFact[];
  /** Records whose own stem or named stem is this stem, and all of the same files' later versions. */
  readonly records: readonly RecordFact[];
  /** Recordings at the own stems of records that name this stem from elsewhere. */
  readonly recordingsElsewhere: readonly RecordingFact[];
  /**
   * Receive sequence of the earliest file that nobody has read yet and that may belong to this call: any file of its
   * stem, and any metadata file of the tenant, since metadata may name any recording. Facts after it wait.
   */
  readonly unreadFromSeq: number | null;
  /** The call is visible: no change of the tenant's stage hides it again. */
  readonly hasSurfaced: boolean;
  /**
   * What the visible call was made of. A purge, a replay or a new field mapping changes what else is known of its past;
   * told this, the fold makes the call of the same pair all the same.
   */
  readonly surfacedWith?: SurfacedWith | undefined;
  /** The call of this key was deleted for good: what still comes for it makes no other. */
  readonly isDeleted?: boolean | undefined;
  /** When somebody had the visible call read by a newer policy. */
  readonly replays?: readonly CallReplay[] | undefined;
}

/** A wish to read a visible call's record in force by another policy. Its place in the fold is its own. */
export interface CallReplay {
  readonly seq: number;
  readonly policyVersion: number;
  /** Epoch milliseconds. */
  readonly at: number;
}

export interface SurfacedWith {
  /** The recording that completed the call, which a later version may have taken the place of. */
  readonly recordingFileId: string;
  readonly recordFileId: string;
  readonly row: number;
}
