import type { Issue } from '@callbay/core';
import type { RowReading } from '../reading/row-reader.ts';
import type { BatchReadReport } from './read-batch-rows.ts';

/** A file that holds more than one call's metadata. */
export interface BatchFacts {
  readonly stem: string;
  readonly sha256: string;
  readonly warnings: readonly Issue[];
  /** Its name is that of a recording, so that its sender may have meant it as a sidecar. */
  readonly isNamedAsSidecar: boolean;
}

/** How the reading of a batch ended: `refused` with the reasons stores nothing. */
export type BatchEnd =
  | { readonly kind: 'saved'; readonly wakes: readonly string[] }
  | { readonly kind: 'refused'; readonly issues: readonly Issue[] }
  /** Another process read it, or it is gone. */
  | { readonly kind: 'gone' };

export interface SliceSize {
  readonly chunks: number;
  /** Rows of a chunk, or fewer where so many take more than `bytes` of the file on average. */
  readonly rows: number;
  readonly bytes: number;
}

/** Rows of a batch that one process advances. */
export interface BatchSlice {
  readonly afterRow: number;
  readonly lastRow: number;
  /** The distinct call keys of the rows that are not decided yet, chunk by chunk. */
  readonly chunks: readonly (readonly string[])[];
}

/** Rows of one tenant whose time is over. */
export interface ExpiredRows {
  readonly tenantId: string;
  readonly rows: readonly {
    readonly fileId: string;
    readonly row: number;
    readonly stem: string;
    readonly namedStem: string | null;
    /** The row's place in the order of facts since its last replay. */
    readonly placedSeq: number | null;
  }[];
}

export interface BatchStore {
  /**
   * Stores the rows as facts, all or none of them, once their report says that they are whole, and ends the file as
   * BATCH_DONE. Rejects as `reading.report` does.
   */
  saveBatch(
    tenantId: string,
    fileId: string,
    facts: BatchFacts,
    reading: RowReading<BatchReadReport>,
  ): Promise<BatchEnd>;
  /**
   * Claims the next rows that no process advances, or those of one that has not finished within its lease. Null where all
   * rows are claimed; the batch has ended then if all slices have.
   */
  claimSlice(tenantId: string, fileId: string, size: SliceSize): Promise<BatchSlice | null>;
  /** Notes that the calls of a slice have been advanced. Doing it twice, or after another process has, changes nothing. */
  finishSlice(tenantId: string, fileId: string, slice: BatchSlice): Promise<void>;
  /** Lets another process claim a slice at once. */
  releaseSlice(tenantId: string, fileId: string, slice: BatchSlice): Promise<void>;
  /** Between chunks: has the database plan its statements anew where a batch fills tables that were new. */
  keepPlansGood(): Promise<void>;
  /** Has the calls of a slice that nobody could decide decided by the sweep of due calls. */
  leaveUndecided(tenantId: string, fileId: string, slice: BatchSlice): Promise<void>;
  /**
   * Batches with rows that no process advances just now, but for those named: each tenant's first, then each one's second,
   * so that many batches of one tenant do not block the others.
   */
  findUnadvanced(
    limit: number,
    exceptFileIds: readonly string[],
  ): Promise<{ readonly tenantId: string; readonly fileId: string }[]>;
  /** Rows that found no recording within 7 days of their arrival, but for those of some tenants: up to `limit`, by tenant. */
  findExpiredRows(limit: number, exceptTenantIds: readonly string[]): Promise<ExpiredRows[]>;
  /** Ends them; answers the calls to advance. */
  expireRows(expired: ExpiredRows): Promise<readonly string[]>;
}
