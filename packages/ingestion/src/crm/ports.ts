import type { CrmObject, JsonText, List, UnresolvedReference } from '@callbay/contracts';
import type { CrmMapping, CrmType, Issue, Outcome } from '@callbay/core';
import type { Page } from '../ports.ts';
import type { RowReading } from '../reading/row-reader.ts';
import type { CrmReadReport } from './read-crm-rows.ts';

/** A file that was recognised as the CRM's. */
export interface CrmFileFacts {
  readonly type: CrmType;
  readonly sha256: string;
  readonly warnings: readonly Issue[];
}

/** The next file of a tenant and type to import, and how to read it. */
export interface CrmImport {
  readonly fileId: string;
  readonly type: CrmType;
  readonly name: string;
  readonly blobKey: string | null;
  readonly sizeBytes: number;
  readonly receivedAt: Date;
  readonly isWithdrawn: boolean;
  /** How often it was read again after we had failed to. */
  readonly rereads: number;
  /** The newest published version; null where the tenant published none. */
  readonly mapping: CrmMapping | null;
  readonly timeZone: string | null;
  /** The tenant's setting. */
  readonly encoding: string | null;
  /** No object of the type is here: rows can go straight into the table, with this as their time. Else null. */
  readonly firstAt: Date | null;
}

/** What an import did to the CRM objects. */
export interface CrmImportCounts {
  readonly rows: number;
  readonly new: number;
  readonly changed: number;
  readonly unchanged: number;
  /** Rows that a later row of the same id took the place of; those that said nothing new count as unchanged. */
  readonly repeated: number;
  readonly errors: number;
}

/**
 * How an import ends: null where another process is at it, or it is not its turn any more; `repeated` where rows were
 * to go straight into the table and two have one id: nothing was done, and it wants another way.
 */
export type CrmImportEnd = 'done' | 'rejected' | 'withdrawn' | 'repeated' | null;

/**
 * CRM objects and the files they come in. Of each tenant and type one file is imported at a time, in receive order; the
 * end of one (`endImport`, `apply`) wakes waiting calls through `wakeCalls`, then `settle`. Source: C25, C26.
 */
export interface CrmStore {
  /** Stores what the file is, once, and puts it in line. Answers the call keys that waited for it to be read. */
  saveCrmFile(tenantId: string, fileId: string, facts: CrmFileFacts): Promise<string[]>;
  /** The published mappings by type, for files recognized only by their header. */
  findMappings(tenantId: string): Promise<Map<CrmType, CrmMapping>>;
  /** Null where none waits, or where an earlier file is not read yet that may be of the same type. */
  findNext(tenantId: string, type: CrmType): Promise<CrmImport | null>;
  /**
   * Applies the rows, all or none of them, once their report says that they are whole: of one id the last row; only
   * what changed is written. Null changes nothing. Rejects as `reading.report` does.
   */
  apply(tenantId: string, next: CrmImport, reading: RowReading<CrmReadReport>): Promise<CrmImportEnd>;
  /** Ends the import without applying anything. One that is set aside is read again later. */
  endImport(tenantId: string, next: CrmImport, outcome: Outcome): Promise<void>;
  /** Counts a death of the process that read it; answers how many there were. */
  countFailure(tenantId: string, fileId: string): Promise<number>;
  /** Whether a file of this type has ended whose waiting calls may not have been woken. */
  hasEnded(tenantId: string, type: CrmType): Promise<boolean>;
  /** Marks calls that wait for CRM files due: up to `limit` of them after a key. Answers their keys in order. */
  wakeCalls(tenantId: string, page: { after: string; limit: number }): Promise<string[]>;
  /** Every call that waited for this type's ended files has been woken. */
  settle(tenantId: string, type: CrmType): Promise<void>;
  /**
   * Types of tenants that have something to import or calls to wake, in receive order, one of each tenant before a
   * second.
   */
  findUnsettled(limit: number): Promise<{ tenantId: string; type: CrmType }[]>;
}

/** Enqueues imports. A lost job is made again by a sweep. */
export interface CrmQueue {
  /** Import the tenant's next file of one type. */
  enqueueCrmImport(tenantId: string, type: CrmType): Promise<void>;
}

/** What the API shows of the CRM. */
/** A CRM object whose fields are text that nobody here parses. */
export interface CrmObjectRow extends Omit<CrmObject, 'fields'> {
  readonly fields: JsonText;
}

export interface CrmReader {
  /** By id. A page ends where it is full by bytes, too. */
  listObjects(tenantId: string, type: CrmType, page: Page<string>): Promise<List<CrmObjectRow>>;
  /** By its id in any form. */
  findObject(tenantId: string, type: CrmType, externalId: string): Promise<CrmObjectRow | null>;
  /** References of calls and objects to what is not here. The cursor: whose, its id, its field. */
  listUnresolved(tenantId: string, page: Page<[string, string, string]>): Promise<List<UnresolvedReference>>;
}
