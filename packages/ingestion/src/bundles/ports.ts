import type { Issue, TranscriptSegment } from '@callbay/core';

/** What is to be done with an archive, a trigger or a list that is read. */
export type BundleTurn =
  /** The archive is released: it is to be opened. */
  | { readonly is: 'open' }
  /** An earlier archive of its name is not opened yet, so that this one waits. */
  | { readonly is: 'later' }
  /** It has its outcome; `wakesReaders`: another file is to be read now. */
  | { readonly is: 'judged'; readonly callKeys: readonly string[]; readonly wakesReaders: boolean };

/** A member that becomes a file of its own. */
export interface BundleMember {
  readonly fileId: string;
  readonly name: string;
  readonly ext: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly blobKey: string;
  /** Of a transcript. */
  readonly transcript: {
    readonly segments: readonly TranscriptSegment[];
    readonly spokenText: string;
    readonly warnings: readonly Issue[];
  } | null;
}

/** How an archive ended: what was in it, or why it is refused. */
export type BundleEnd =
  | { readonly sha256: string; readonly members: readonly BundleMember[] }
  | { readonly refusal: string };

/** Archives, their triggers and their lists. Every method may run twice: the second time changes nothing. */
export interface BundleStore {
  /** Judges an archive or trigger, and all files of its stem with it. */
  judge(tenantId: string, fileId: string): Promise<BundleTurn>;
  /** Ends an archive that was opened: its members are received now. Answers the keys of calls to advance. */
  saveBundle(tenantId: string, fileId: string, end: BundleEnd): Promise<string[]>;
  /** Ends a list: the archives that it names must have been received before it, with their triggers. */
  judgeList(
    tenantId: string,
    fileId: string,
    list: { sha256: string; names: readonly string[] },
  ): Promise<void>;
  /** Ends a list that cannot be read. */
  refuseList(tenantId: string, fileId: string, message: string): Promise<void>;
  /** Leaves a file unread for a while. */
  postpone(tenantId: string, fileId: string, byMs: number): Promise<void>;
}
