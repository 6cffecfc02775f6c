import type { List, TenantStorage, TenantStorageQuery } from '@callbay/contracts';

/** What an operator graphs of the whole installation. No number names a tenant. */
export interface OperationGauges {
  /** Files that are `received` or `held`, the first 100,000. */
  readonly openFiles: readonly { readonly state: string; readonly count: number }[];
  /** Files received in the last hour by the code of their outcome; `UNREAD` where nobody has read them. */
  readonly recentFiles: readonly { readonly code: string; readonly count: number }[];
  /** Of the oldest file that nobody has read; 0 where there is none. */
  readonly backlogAgeSeconds: number;
  readonly storedBytes: number;
}

export interface OperationsReader {
  readGauges(): Promise<OperationGauges>;
  /** By tenant id. */
  listStorage(query: TenantStorageQuery): Promise<List<TenantStorage>>;
}
