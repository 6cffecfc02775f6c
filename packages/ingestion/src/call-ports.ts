import type {
  CallDecision,
  CallFacts,
  CallPolicies,
  Issue,
  MediaFacts,
  Policy,
  RawRecord,
} from '@callbay/core';

/** Decides calls from their facts: `decideCalls` of core, given to the store that holds the locks. */
export type Decide = (facts: readonly CallFacts[], policies: CallPolicies) => CallDecision[];

export interface AdvanceResult {
  /** Calls that became visible just now. */
  readonly surfaced: number;
  /** Revisions added to visible calls just now. */
  readonly updated: number;
  /** Seconds from the later receivedAt of a call's pair to its surfacing, one for each. */
  readonly surfacingSeconds: readonly number[];
}

export interface CallStore {
  /**
   * Locks the keys and all that their facts touch, in sorted order; loads the facts; saves what `decide` answers,
   * with revisions, file outcomes, steps and outbox rows, in one transaction. Running it again changes nothing.
   * At most 500 keys at once.
   */
  advance(tenantId: string, callKeys: readonly string[], decide: Decide): Promise<AdvanceResult>;
  /** Keys whose due time has come, oldest first, of any tenant. */
  findDue(limit: number): Promise<{ tenantId: string; callKeys: string[] }[]>;
}

/** A file that nobody has read yet, and the policy in force. */
export interface FileToClassify {
  readonly fileId: string;
  readonly name: string;
  readonly sizeBytes: number;
  readonly blobKey: string;
  readonly policy: Policy;
}

/** What reading a file found. */
export interface FileFacts {
  readonly kind: 'recording' | 'sidecar' | 'unknown';
  readonly stem: string;
  readonly sha256: string;
  readonly media: MediaFacts | null;
  readonly issues: readonly Issue[];
  readonly warnings: readonly Issue[];
  /** One entry for each record of a metadata file; an unreadable one has a single entry without `raw`. */
  readonly records: readonly {
    readonly row: number;
    readonly raw: RawRecord | null;
    readonly namedStem: string | null;
    readonly issues: readonly Issue[];
    readonly warnings: readonly Issue[];
  }[];
}

export interface FileStore {
  /** Null where the file is gone or was read already. */
  findUnreadFile(tenantId: string, fileId: string): Promise<FileToClassify | null>;
  /** Counts a death of the process that read it; answers how many there were. */
  countFailedRead(tenantId: string, fileId: string): Promise<number>;
  /** Stores the facts once; a second time changes nothing. Answers the call keys to advance. */
  saveFacts(tenantId: string, fileId: string, facts: FileFacts): Promise<string[]>;
  /** Files received over `olderThanMs` ago that nobody has read, oldest first. */
  findUnread(olderThanMs: number, limit: number): Promise<{ tenantId: string; fileId: string }[]>;
}
