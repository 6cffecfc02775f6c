/**
 * The truth: rows in Postgres, read and written through one pool, and the stores that answer the use cases' questions.
 * It never decides what becomes of a file or call, and never holds media bytes. The apps build it; `ingestion` and
 * `http` know it only by their ports.
 */

export { createAlertReader } from './admin/alert-reader.ts';
export {
  createCallReader,
  createKeyStore,
  createMappingStore,
  createTenantStore,
  ensureOperatorKey,
} from './admin/index.ts';
export { createAlertStore } from './alerts/alert-store.ts';
export { createDeliveryStore } from './alerts/delivery-store.ts';
export { createReconciliationStore } from './alerts/reconciliation-store.ts';
export { createApiStores } from './api-stores.ts';
export { createBatchStore } from './calls/batch-store.ts';
export { createCallStore } from './calls/call-store.ts';
export { createFileStore } from './calls/file-store.ts';
export { createReplayStore } from './calls/replay-store.ts';
export { createSweepStore } from './calls/sweep-store.ts';
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
export type { SecretSealer } from './host-keys.ts';
export { createExternalRecordingStore } from './linkage/external-recording-store.ts';
export { createMatchStore } from './linkage/match-store.ts';
export { applyMigrations } from './migrate.ts';
export { createPipelineStores } from './pipeline-stores.ts';
export { createProcessMetricsStore, type ProcessSnapshot } from './process-metrics.ts';
export { createBulkReplayStore } from './replays/bulk-replay-store.ts';
export { createRetentionReader } from './retention/retention-store.ts';
export { createTombstones, type Tombstones } from './retention/tombstones.ts';
export { createPolicyReader } from './samples/policy-reader.ts';
export { createSftpAccountStore } from './sftp-accounts.ts';
export { insertTenant, type TenantToInsert } from './tenant-rows.ts';
