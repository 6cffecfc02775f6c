import type { ApiStores } from '@callbay/ingestion';
import { createAuditReader } from './access/audit-reader.ts';
import type { SecretSealer } from './access/host-keys.ts';
import { createKeyStore } from './access/key-store.ts';
import { createSftpUserStore } from './access/sftp-user-store.ts';
import { createAlertReader } from './alerts/alert-reader.ts';
import { createReconciliationStore } from './alerts/reconciliation-store.ts';
import { createAnalysisStore } from './analysis/analysis-store.ts';
import { createCallReader } from './calls/call-reader.ts';
import { createConfigStore } from './config/config-store.ts';
import { createCrmMappingReader } from './crm/crm-mapping-reader.ts';
import { createCrmReader } from './crm/crm-reader.ts';
import type { Database } from './database/database.ts';
import { createFileReader } from './drop/file-reader.ts';
import { createEventReader } from './events/event-reader.ts';
import { createExportReader } from './exports/export-reader.ts';
import { createFeedAdmin } from './feeds/feed-admin.ts';
import { createFolderDropStore } from './folder/folder-drop-store.ts';
import { createExternalRecordingStore } from './linkage/external-recording-store.ts';
import { createMatchStore } from './linkage/match-store.ts';
import { createOperationsReader } from './operations/operations-reader.ts';
import { createBulkReplayStore } from './replays/bulk-replay-store.ts';
import { createReplayStore } from './replays/replay-store.ts';
import { createRetentionReader } from './retention/retention-store.ts';
import { createS3DropStore } from './s3/s3-drop-store.ts';
import { createS3EventStore } from './s3/s3-event-store.ts';
import { createKeptRecordReader } from './sampling/kept-records.ts';
import { createPolicyReader } from './sampling/policy-reader.ts';
import { createSweepStore } from './sweeps/sweep-store.ts';
import { createMappingStore } from './tenants/mapping-store.ts';
import { createTenantStore } from './tenants/tenant-store.ts';
import { createWebhookAdmin } from './webhooks/webhook-admin.ts';

/** All that the API reads and changes, on one database. */
export const createApiStores = (db: Database, sealer: SecretSealer): ApiStores => ({
  tenants: createTenantStore(db),
  keys: createKeyStore(db),
  sftpUsers: createSftpUserStore(db),
  folderDrops: createFolderDropStore(db),
  s3Drops: createS3DropStore(db),
  s3Events: createS3EventStore(db),
  config: createConfigStore(db),
  mappings: createMappingStore(db),
  policies: createPolicyReader(db),
  records: createKeptRecordReader(db),
  crmMappings: createCrmMappingReader(db),
  files: createFileReader(db),
  replays: createReplayStore(db),
  bulkReplays: createBulkReplayStore(db),
  purges: createSweepStore(db),
  calls: createCallReader(db),
  analyses: createAnalysisStore(db),
  exports: createExportReader(db),
  crm: createCrmReader(db),
  externalRecordings: createExternalRecordingStore(db),
  matches: createMatchStore(db),
  retention: createRetentionReader(db),
  alerts: createAlertReader(db, sealer),
  reconciliations: createReconciliationStore(db),
  events: createEventReader(db),
  webhooks: createWebhookAdmin(db, sealer),
  feeds: createFeedAdmin(db, sealer),
  audit: createAuditReader(db),
  operations: createOperationsReader(db),
});
