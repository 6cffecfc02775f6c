/** One file whose 7 days are over, as it was found. */
export interface ExpiredFile {
  readonly tenantId: string;
  readonly fileId: string;
  readonly stem: string;
  readonly callKey: string | null;
  /** Its place in the order since somebody had it replayed. */
  readonly replaySeq: number | null;
}

/** A part of all work of a sweep: processes take different ones, each alone. `nth` counts from 0. */
export interface Slice {
  readonly nth: number;
  readonly of: number;
}

export const WHOLE: Slice = { nth: 0, of: 1 };

/** Which expired files are asked for: all unless said otherwise. */
export interface ExpiredFilter {
  readonly exceptTenantIds?: readonly string[];
  readonly exceptFileIds?: readonly string[];
  readonly slice?: Slice;
}

/** The same as a purge left it. */
export interface PurgedFile {
  readonly fileId: string;
  /** The bytes to remove now; null where there are none, or where a call keeps them. */
  readonly blobKey: string | null;
}

export interface PurgePreviewItem {
  readonly fileId: string;
  readonly name: string;
  readonly state: string;
  readonly code: string | null;
  readonly receivedAt: Date;
  readonly purgeAt: Date;
  /** The bytes stay as the media of a call. */
  readonly keptByCall: boolean;
}

/** Sweeps that run only when they have work. */
export const WATCHED_SWEEPS = [
  'due-calls',
  'unread-files',
  'batches',
  'links',
  'crm-imports',
  'webhooks',
  'feeds',
] as const;
export type WatchedSweep = (typeof WATCHED_SWEEPS)[number];

/** The sweeps' questions. Times are the database's. */
export interface SweepStore {
  /** Files received over 7 days ago, oldest first. One not read yet is left for a day more. Source: C5. */
  findExpiredFiles(limit: number, filter?: ExpiredFilter): Promise<ExpiredFile[]>;
  /**
   * Commits `purgedAt` of one tenant's files under the locks of their call keys, and folds their steps into one value. Those
   * that are not as they were found are left: purged, replayed, or of another call.
   */
  purgeFiles(tenantId: string, files: readonly ExpiredFile[]): Promise<PurgedFile[]>;
  /** Tenants with held files that will be purged unpaired within a day, and that nobody was told of. */
  findPurgesToWarnOf(limit: number, exceptTenantIds: readonly string[]): Promise<{ tenantId: string }[]>;
  /** Reports them, once. Answers of how many. */
  warnOfPurges(tenantId: string, limit: number): Promise<number>;
  /** What a purge would take by `until`, soonest first. */
  previewPurge(
    tenantId: string,
    page: { until: Date; limit: number; after: { purgeAt: Date; fileId: string } | null },
  ): Promise<PurgePreviewItem[]>;
  /** Those of a tenant's `keys` that no unpurged file and no call refers to. */
  findOrphans(tenantId: string, keys: readonly string[]): Promise<string[]>;
  /**
   * Calls `remove` with those of a tenant's `keys` that still are orphans, and lets no file of the tenant be received
   * until it resolves: a file whose row is on its way is either seen or finds its bytes gone before it is acknowledged.
   * Resolves to how many there were. Rejects as `remove` does.
   */
  removeOrphans(
    tenantId: string,
    keys: readonly string[],
    remove: (key: string) => Promise<void>,
  ): Promise<number>;
  /** Tenants after an id, in order; null for the first ones. */
  listTenants(after: string | null, limit: number): Promise<string[]>;
  /**
   * Removes events of these tenants, or with null of all, that are older than `EVENTS_KEPT_MS`. Of a consumer's unread events none is removed while the consumer
   * reads, and none before an alert that it has stalled.
   */
  trimEvents(tenantIds: readonly string[] | null, limit: number): Promise<number>;
  /** Removes entries of the audit that are older than `AUDIT_KEPT_MS`. Answers how many. */
  trimAudit(limit: number): Promise<number>;
  /** Tenants with a quota whose stored bytes were not counted for 10 minutes. */
  findUncounted(limit: number): Promise<string[]>;
  countStored(tenantId: string): Promise<void>;
  /** The database's true clock, for comparison with the host's. */
  readClock(): Promise<Date>;
  /** The sweeps that have something to do just now, in one question that reads no more than the first of each. */
  findWaiting(unreadAfterMs: number): Promise<WatchedSweep[]>;
  /** Runs `work` where no other process runs a sweep of that name just now; false where one does. */
  runExclusively(name: string, work: () => Promise<void>): Promise<boolean>;
}
