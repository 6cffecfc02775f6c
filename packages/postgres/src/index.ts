/**
 * The truth: rows in Postgres, read and written through one pool, and the stores that answer the use cases' questions.
 * It never decides what becomes of a file or call, and never holds media bytes. The apps build it; `ingestion` and
 * `http` know it only by their ports.
 */

export type { SecretSealer } from './access/host-keys.ts';
export { createKeyStore } from './access/key-store.ts';
export {
  ensureOperatorKey,
  isOperatorKeyInForce,
  type KeyFile,
  makeOperatorKey,
} from './access/operator-key.ts';
export { createSftpAccountStore } from './access/sftp-accounts.ts';
export { createSftpSessionStore } from './access/sftp-session-store.ts';
export { createAlertReader } from './alerts/alert-reader.ts';
export { createAlertStore } from './alerts/alert-store.ts';
export { createDeliveryStore } from './alerts/delivery-store.ts';
export { createReconciliationStore } from './alerts/reconciliation-store.ts';
export { createAnalysisStore } from './analysis/analysis-store.ts';
export { createApiStores } from './api-stores.ts';
export { createBatchStore } from './batch/batch-store.ts';
export { createBundleStore } from './bundles/bundle-store.ts';
export { createCallReader } from './calls/call-reader.ts';
export { createCallStore } from './calls/call-store.ts';
export { createFileStore } from './calls/file-store.ts';
export { createCrmStore } from './crm/crm-store.ts';
export { type DatabaseLogin, grantAppLogin } from './database/app-login.ts';
export {
  Database,
  type DatabaseOptions,
  openDatabase,
  type Sql,
  type TransactOptions,
  transact,
} from './database/database.ts';
export {
  claimInstallationId,
  readInstallationId,
  replaceInstallationId,
} from './database/installation.ts';
export { applyMigrations } from './database/migrate.ts';
export { createProcessMetricsStore, type ProcessSnapshot } from './database/process-metrics.ts';
export { createDropView } from './drop/drop-view.ts';
export { createFileReceiver } from './drop/file-receiver.ts';
export { createMoveStore } from './drop/move-store.ts';
export { refersToBytes } from './drop/refers-to-bytes.ts';
export { createEventCursorStore } from './events/event-cursor-store.ts';
export { type EventToPublish, publishEvents } from './events/publish-events.ts';
export { createFolderDropStore } from './folder/folder-drop-store.ts';
export { createFolderStore } from './folder/folder-store.ts';
export { createExternalRecordingStore } from './linkage/external-recording-store.ts';
export { createMatchStore } from './linkage/match-store.ts';
export { createOperationsReader } from './operations/operations-reader.ts';
export { createPipelineStores } from './pipeline-stores.ts';
export { createBulkReplayStore } from './replays/bulk-replay-store.ts';
export { createReplayStore } from './replays/replay-store.ts';
export { createRetentionReader } from './retention/retention-store.ts';
export { createTombstones, type Tombstones } from './retention/tombstones.ts';
export { createS3DropStore } from './s3/s3-drop-store.ts';
export { createS3EventStore } from './s3/s3-event-store.ts';
export { createS3Store } from './s3/s3-store.ts';
export { createPolicyReader } from './sampling/policy-reader.ts';
export { createSweepStore } from './sweeps/sweep-store.ts';
export { createMappingStore } from './tenants/mapping-store.ts';
export { insertTenant, type TenantToInsert } from './tenants/tenant-rows.ts';
export { createTenantStore } from './tenants/tenant-store.ts';
