import type { DataRetentionPreview, DeletedCall, List } from '@callbay/contracts';
import type { DataRetention } from '@callbay/core';
import type { Page } from '../ports.ts';

/** What one transaction removed. */
export interface Deletion {
  /** Calls that are gone, or keys of gone calls whose late files are. */
  readonly removed: number;
  /** Bytes that nothing refers to any more: to be removed now; the sweep of orphans finds what a crash left. */
  readonly blobKeys: readonly string[];
}

/** Removes calls for good, as each tenant's data retention says. Times are the database's. Source: E5. */
export interface RetentionStore {
  /** Tenants after `after`, by id, that have a data retention or calls deleted under one. */
  listTenants(after: string | null, limit: number): Promise<string[]>;
  /**
   * Removes up to `limit` (at most 200) calls that are older than their age, under the locks that decide calls: their
   * rows, revisions, files, records, stories and events; a tombstone and an event `call.deleted` stay. Never one under
   * legal hold, nor one with a file that nobody has read yet.
   */
  deleteExpired(tenantId: string, limit: number): Promise<Deletion>;
  /** Removes what came for calls deleted before, once it has left the drop. */
  deleteLate(tenantId: string, limit: number): Promise<Deletion>;
}

export interface RetentionReader {
  /** What the tenant's data retention would remove now, or the one proposed; null without such a tenant. */
  previewRetention(tenantId: string, proposed: Partial<DataRetention>): Promise<DataRetentionPreview | null>;
  /** By changeSeq. */
  listDeleted(tenantId: string, page: Page<number>): Promise<List<DeletedCall>>;
}
