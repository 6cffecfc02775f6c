import type { ApiStores } from '@callbay/ingestion';
import { createAlertReader } from './admin/alert-reader.ts';
import {
  createAuditReader,
  createCallReader,
  createEventReader,
  createFileReader,
  createKeyStore,
  createMappingStore,
  createSftpUserStore,
  createTenantStore,
} from './admin/index.ts';
import { createReconciliationStore } from './alerts/reconciliation-store.ts';
import { createReplayStore } from './calls/replay-store.ts';
import { createSweepStore } from './calls/sweep-store.ts';
import { createConfigStore } from './config/config-store.ts';
import { createCrmMappingReader } from './crm/crm-mapping-reader.ts';
import { createCrmReader } from './crm/crm-reader.ts';
import type { Database } from './database.ts';
import type { SecretSealer } from './host-keys.ts';
import { createExternalRecordingStore } from './linkage/external-recording-store.ts';
import { createMatchStore } from './linkage/match-store.ts';
import { createBulkReplayStore } from './replays/bulk-replay-store.ts';
import { createRetentionReader } from './retention/retention-store.ts';
import { createKeptRecordReader } from './samples/kept-records.ts';
import { createPolicyReader } from './samples/policy-reader.ts';

/** All that the API reads and changes, on one database. */
export const createApiStores = (db: Database, sealer: SecretSealer): ApiStores => ({
  tenants: createTenantStore(db),
  keys: createKeyStore(db),
  sftpUsers: createSftpUserStore(db),
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
  crm: createCrmReader(db),
  externalRecordings: createExternalRecordingStore(db),
  matches: createMatchStore(db),
  retention: createRetentionReader(db),
  alerts: createAlertReader(db, sealer),
  reconciliations: createReconciliationStore(db),
  events: createEventReader(db),
  audit: createAuditReader(db),
});
