/**
 * The truth: rows in Postgres, read and written through one pool, and the stores that answer the use cases' questions.
 * It never decides what becomes of a file or call, and never holds media bytes. The apps build it; `ingestion` and
 * `http` know it only by their ports.
 */

export { createAlertReader } from './admin/alert-reader.ts';
export {
  createAuditReader,
  createCallReader,
  createEventReader,
  createFileReader,
  createKeyStore,
  createMappingStore,
  createSftpUserStore,
  createTenantStore,
  ensureOperatorKey,
} from './admin/index.ts';
export { createAlertStore } from './alerts/alert-store.ts';
export { createDeliveryStore } from './alerts/delivery-store.ts';
export { createReconciliationStore } from './alerts/reconciliation-store.ts';
export { createBatchStore } from './calls/batch-store.ts';
export { createCallStore } from './calls/call-store.ts';
export { createFileStore } from './calls/file-store.ts';
export { createReplayStore } from './calls/replay-store.ts';
export { createSweepStore } from './calls/sweep-store.ts';
export { createConfigStore } from './config/config-store.ts';
export { createCrmMappingReader } from './crm/crm-mapping-reader.ts';
export { createCrmReader } from './crm/crm-reader.ts';
export { createCrmStore } from './crm/crm-store.ts';
export {
  Database,
  type DatabaseOptions,
  openDatabase,
  type Sql,
  type TransactOptions,
  transact,
} from './database.ts';
export { createDropStore } from './drop-store.ts';
export {
  FILE_ROW_COLUMNS,
  FILE_ROW_TABLES,
  type FileCall,
  type FileKind,
  type FileRow,
  type FileView,
  toFileView,
} from './file-rows.ts';
export type { SecretSealer } from './host-keys.ts';
export { createExternalRecordingStore } from './linkage/external-recording-store.ts';
export { createLinkageStore } from './linkage/linkage-store.ts';
export { createMatchStore } from './linkage/match-store.ts';
export { applyMigrations } from './migrate.ts';
export { sqlState, translatePgError } from './pg-errors.ts';
export { createProcessMetricsStore, type ProcessSnapshot } from './process-metrics.ts';
export { createBulkReplayStore } from './replays/bulk-replay-store.ts';
export { createRetentionReader, createRetentionStore } from './retention/retention-store.ts';
export { createTombstones, type Tombstones } from './retention/tombstones.ts';
export { createKeptRecordReader } from './samples/kept-records.ts';
export { createPolicyReader } from './samples/policy-reader.ts';
export { createSftpAccountStore } from './sftp-accounts.ts';
export { insertTenant, insertTenantRows, type TenantToInsert } from './tenant-rows.ts';
