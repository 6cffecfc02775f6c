import type { Issue, MediaFacts, Policy, RawRecord, ReadLane } from '@callbay/core';

/** A file that nobody has read yet. */
export interface UnreadFile {
  readonly fileId: string;
  readonly name: string;
  /** The stem it was received under. */
  readonly stem: string;
  readonly sizeBytes: number;
  readonly blobKey: string;
  /** Sizes of shorter files that came under its name before, newest first. */
  readonly earlierSizes: readonly number[];
  /** How often it was read again after we had failed to. */
  readonly rereads: number;
  /** Failed readings since it was received or replayed. */
  readonly failures: number;
}

/** What reading a file found. */
export interface FileFacts {
  readonly kind: 'recording' | 'sidecar' | 'unknown';
  readonly stem: string;
  readonly sha256: string;
  readonly media: MediaFacts | null;
  readonly issues: readonly Issue[];
  readonly warnings: readonly Issue[];
  /** Of a file that is set aside: when it is read again, noted with the facts. */
  readonly readAgainInMs?: number;
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
  /**
   * The tenant's next unread files of a lane in the order in which they were received, at most `limit`, and the policy in
   * force. Null where none waits.
   */
  findWaiting(
    tenantId: string,
    lane: ReadLane,
    limit: number,
  ): Promise<{ readonly files: readonly UnreadFile[]; readonly policy: Policy } | null>;
  /** One file by its id; null where the file is gone or was read already. */
  findUnreadFile(
    tenantId: string,
    fileId: string,
  ): Promise<{ readonly file: UnreadFile; readonly policy: Policy } | null>;
  /** Has these files read alone, which a group cannot hold. */
  moveToLaneAlone(tenantId: string, fileIds: readonly string[]): Promise<void>;
  /** Counts a failed reading, and has the file read alone, not before `retryInMs`. Answers how many failed. */
  countFailedRead(tenantId: string, fileId: string, retryInMs: number): Promise<number>;
  /**
   * Opens files set aside whose time has come, at the end of the receive order, to be read alone: one of a tenant, and
   * none where another is being read. A CRM file is left to an operator once a later one of its type was imported: applied
   * after it, its older values would win. Answers the tenants.
   */
  reopenSetAside(limit: number): Promise<string[]>;
  /** Stores the facts once, without deciding; a second time changes nothing. Answers the call keys to advance. */
  saveFacts(tenantId: string, fileId: string, facts: FileFacts): Promise<string[]>;
  /** The lanes with files that were received over `olderThanMs` ago and that nobody has read. */
  findUnread(olderThanMs: number, limit: number): Promise<{ tenantId: string; lane: ReadLane }[]>;
  /** Between groups: has the database plan its statements anew where they fill tables that were new. */
  keepPlansGood(): Promise<void>;
}
