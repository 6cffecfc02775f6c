import type { Issue, MediaFacts, Policy, RawRecord } from '@callbay/core';

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
