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
   * The next rows whose calls have not been advanced, in chunks of distinct call keys; empty where none is left. A chunk has
   * `rows` rows, or fewer where so many take more than `bytes` of the file on average.
   */
  findRowsToAdvance(
    tenantId: string,
    fileId: string,
    size: { readonly chunks: number; readonly rows: number; readonly bytes: number },
  ): Promise<{ readonly lastRow: number; readonly callKeys: readonly string[] }[]>;
  /** Notes that the calls of all rows up to this one have been advanced; null: of all there are, unless some came meanwhile. */
  markAdvanced(tenantId: string, fileId: string, lastRow: number | null): Promise<void>;
  /** Between chunks: has the database plan its statements anew where a batch fills tables that were new. */
  keepPlansGood(): Promise<void>;
  /** Has the calls of rows up to this one that nobody could decide decided by the sweep of due calls. */
  leaveUndecided(tenantId: string, fileId: string, lastRow: number): Promise<void>;
  /**
   * Batches some of whose calls have not been advanced, but for those named: each tenant's first, then each one's second,
   * so that many batches of one tenant do not block the others.
   */
  findUnadvanced(
    limit: number,
    exceptFileIds: readonly string[],
  ): Promise<{ readonly tenantId: string; readonly fileId: string }[]>;
  /** Ends up to `limit` rows that found no recording within 7 days of their arrival; answers the calls to advance. */
  expireRows(limit: number): Promise<{ readonly tenantId: string; readonly callKeys: readonly string[] }[]>;
}
