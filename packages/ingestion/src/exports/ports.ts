import type { ExportColumn } from '@callbay/core';

/** What pages of an export are ordered by; calls of equal time or score by their numbers. */
export interface ExportOrder {
  readonly by: 'callId' | 'startedAt' | 'score' | 'changeSeq';
  readonly isDescending: boolean;
}

export interface ExportQuery {
  readonly afterCallId: number | null;
  /** Calls that changed after this one's `changeSeq`. */
  readonly changedAfter: number | null;
  /** The calls that were deleted after it as well. */
  readonly includesDeleted: boolean;
  /** Both inclusive, of the start. */
  readonly from: Date | null;
  readonly to: Date | null;
  readonly agentIds: readonly string[];
  readonly queueIds: readonly string[];
  readonly aivrAppIds: readonly string[];
  /** Never empty: the last orders what is equal by the others. */
  readonly order: readonly ExportOrder[];
  readonly page: number;
  readonly perPage: number;
}

/** A call on a page, or one that is gone. */
export interface ExportedCall {
  readonly callId: number;
  readonly changeSeq: number;
  /** Its fields as they are stored. */
  readonly bytes: number;
  readonly isDeleted: boolean;
}

/** Calls as customers read them back. Source: V1–V6. */
export interface ExportReader {
  /** The tenant's newest change; null without such a tenant. */
  lastChange(tenantId: string): Promise<number | null>;
  /**
   * The calls of one page, in order. Pages by number begin where the one before was seen to end within the last day: calls
   * that were deleted meanwhile make none be passed over.
   */
  findPage(tenantId: string, query: ExportQuery): Promise<ExportedCall[]>;
  /** These calls as lines of CSV in UTF-8 without a header, every text quoted; those that are gone by now are left out. */
  readCsv(
    tenantId: string,
    callIds: readonly number[],
    columns: readonly ExportColumn[],
    also: { readonly hasDeletedColumn: boolean },
  ): Promise<Buffer>;
  /** The same as JSON objects, a line each. */
  readJson(tenantId: string, callIds: readonly number[], columns: readonly ExportColumn[]): Promise<Buffer>;
  /** The same as cells: what each column says, as text, none of it cut. */
  readCells(
    tenantId: string,
    callIds: readonly number[],
    columns: readonly ExportColumn[],
  ): Promise<readonly (readonly (string | null)[])[]>;
}
