import type { AlertReader, ReconciliationStore } from '../alerts/ports.ts';
import type { AnalysisStore } from '../analysis/ports.ts';
import type { CrmReader } from '../crm/ports.ts';
import type { EventReader } from '../events/ports.ts';
import type { ExportReader } from '../exports/ports.ts';
import type { FeedAdmin } from '../feeds/ports.ts';
import type { FolderDropStore } from '../folder/ports.ts';
import type { ExternalRecordingStore, MatchStore } from '../linkage/ports.ts';
import type { OperationsReader } from '../operations/ports.ts';
import type { BulkReplayStore, ReplayStore } from '../replays/ports.ts';
import type { RetentionReader } from '../retention/ports.ts';
import type { S3DropStore, S3EventStore } from '../s3/ports.ts';
import type { ConfigStore, CrmMappingReader, KeptRecordReader, PolicyReader } from '../sampling/ports.ts';
import type { SweepStore } from '../sweeps/ports.ts';
import type { WebhookAdmin } from '../webhooks/ports.ts';
import type {
  AuditReader,
  CallReader,
  FileReader,
  KeyStore,
  MappingStore,
  SftpUserStore,
  TenantStore,
} from './ports.ts';

/** All that the API reads and changes in the database. */
export interface ApiStores {
  readonly tenants: TenantStore;
  readonly keys: KeyStore;
  readonly sftpUsers: SftpUserStore;
  readonly folderDrops: FolderDropStore;
  readonly s3Drops: S3DropStore;
  readonly s3Events: S3EventStore;
  readonly config: ConfigStore;
  readonly mappings: MappingStore;
  readonly policies: PolicyReader;
  readonly records: KeptRecordReader;
  readonly crmMappings: CrmMappingReader;
  readonly files: FileReader;
  readonly replays: ReplayStore;
  readonly bulkReplays: BulkReplayStore;
  readonly purges: Pick<SweepStore, 'previewPurge' | 'readClock'>;
  readonly calls: CallReader;
  readonly analyses: AnalysisStore;
  readonly exports: ExportReader;
  readonly crm: CrmReader;
  readonly externalRecordings: ExternalRecordingStore;
  readonly matches: MatchStore;
  readonly retention: RetentionReader;
  readonly alerts: AlertReader;
  readonly reconciliations: Pick<ReconciliationStore, 'reconcile'>;
  readonly events: EventReader;
  readonly webhooks: WebhookAdmin;
  readonly feeds: FeedAdmin;
  readonly audit: AuditReader;
  readonly operations: OperationsReader;
}
