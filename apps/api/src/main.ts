// The way in for people and the way out for calls: the admin and export API over HTTP.
import { createDiskBlobStore } from '@callbay/blobs';
import { createHttpApi } from '@callbay/http';
import {
  createSampler,
  lintTenantCrmMapping,
  lintTenantMapping,
  previewCrmMapping,
  previewMapping,
  readTenantSample,
  replayFile,
  replayMany,
  writeYaml,
} from '@callbay/ingestion';
import {
  createAlertReader,
  createAuditReader,
  createBulkReplayStore,
  createCallReader,
  createConfigStore,
  createCrmMappingReader,
  createCrmReader,
  createEventReader,
  createExternalRecordingStore,
  createFileReader,
  createKeptRecordReader,
  createKeyStore,
  createMappingStore,
  createMatchStore,
  createPolicyReader,
  createProcessMetricsStore,
  createReconciliationStore,
  createReplayStore,
  createRetentionReader,
  createSftpUserStore,
  createSweepStore,
  createTenantStore,
  openDatabase,
} from '@callbay/postgres';
import { createJobQueue } from '@callbay/queue';
import {
  createLogger,
  createMetrics,
  decryptSecret,
  deriveKey,
  encryptSecret,
  exitWithParent,
  loadConfig,
  loadSecretKey,
  onShutdown,
  processLabels,
  readAllMetrics,
  readEnv,
  reportReady,
  roleConnections,
  shareMetrics,
} from '@callbay/runtime';

const config = loadConfig(readEnv());
const logger = createLogger({ role: 'api', level: config.logLevel });
const shutdown = onShutdown({ logger });
exitWithParent(shutdown);

const connectionString = config.databaseUrl;
if (connectionString === null) throw new Error('api needs DATABASE_URL: `callbay up` gives it one');
const secretKey = await loadSecretKey(config);
const labels = processLabels('api');
const metrics = createMetrics({ withProcess: true, labels });

const db = openDatabase({
  connectionString,
  max: roleConnections.api.pool,
  applicationName: 'callbay-api',
  onIdleError: (err) => logger.warn({ err }, 'a database connection broke'),
});
shutdown.add('database', () => db.close());

const sharing = {
  ...{ registry: metrics.registry, labels, store: createProcessMetricsStore(db) },
  onError: (err: unknown) => logger.warn({ err }, 'metrics could not be shared'),
};
const shared = shareMetrics(sharing);
shutdown.add('metrics', () => shared.stop());

const queue = await createJobQueue(
  config.redisUrl === null ? { connectionString } : { redisUrl: config.redisUrl },
  (err) => logger.warn({ err }, 'the queue connection broke'),
);
shutdown.add('queue', () => queue.close());

const replays = createReplayStore(db);
const alerts = createAlertReader(db, {
  seal: (text, context) => encryptSecret(secretKey, text, context),
  unseal: (sealed, context) => decryptSecret(secretKey, sealed, context),
});
const countAlerts = async (): Promise<void> => {
  try {
    const open = await alerts.countOpen();
    metrics.alertsOpen.reset();
    for (const { kind, count } of open) metrics.alertsOpen.set({ kind }, count);
  } catch (err) {
    // The other numbers are wanted most when the database is away.
    logger.warn({ err }, 'open alerts could not be counted');
  }
};
const readMetrics = async (): Promise<string> => {
  await countAlerts();
  return readAllMetrics(sharing);
};
const sampler = createSampler({ processes: 2 });
shutdown.add('sampler', async () => sampler[Symbol.asyncDispose]());
const bulkReplays = { policies: createPolicyReader(db), replays: createBulkReplayStore(db), queue };
const sampling = {
  policies: createPolicyReader(db),
  records: createKeptRecordReader(db),
  crmMappings: createCrmMappingReader(db),
  sampler,
};
const api = await createHttpApi(
  {
    tenants: createTenantStore(db),
    keys: createKeyStore(db),
    sftpUsers: createSftpUserStore(db),
    mappings: createMappingStore(db),
    files: createFileReader(db),
    calls: createCallReader(db),
    crm: createCrmReader(db),
    audit: createAuditReader(db),
    events: createEventReader(db),
    purges: createSweepStore(db),
    retention: createRetentionReader(db),
    alerts,
    reconciliations: createReconciliationStore(db),
    externalRecordings: createExternalRecordingStore(db),
    matches: createMatchStore(db),
    blobs: createDiskBlobStore({ root: config.blobsFolder }),
    replayFile: (tenantId, fileId, by) => replayFile({ replays, queue }, { tenantId, fileId, by }),
    readSample: (tenantId, query, bytes) => readTenantSample(sampling, { tenantId, ...query, bytes }),
    previewMapping: (tenantId, request) => previewMapping(sampling, { tenantId, request }),
    previewCrmMapping: (tenantId, type, request) => previewCrmMapping(sampling, { tenantId, type, request }),
    replayMany: (tenantId, request, by) => replayMany(bulkReplays, { tenantId, request, by }),
    lintMapping: (tenantId, kind) =>
      kind === 'call'
        ? lintTenantMapping(sampling, tenantId)
        : lintTenantCrmMapping(sampling, tenantId, kind),
    config: createConfigStore(db),
    yaml: { read: (bytes) => sampler.readYaml(bytes), write: writeYaml },
    checks: { database: () => db.query('select 1'), queue: () => queue.checkHealth() },
    metrics: {
      contentType: metrics.registry.contentType,
      text: readMetrics,
    },
  },
  {
    tokenKey: deriveKey(secretKey, 'tenant-tokens'),
    sftp: { host: config.publicHost, port: config.sftp.port },
    trustProxy: config.http.trustProxy,
    webhookAllow: config.webhookAllow,
    logger,
  },
);
await api.listen({ host: config.bind, port: config.http.port });
shutdown.add('http server', () => api.close());
const address = api.server.address();
const port = typeof address === 'object' && address !== null ? address.port : config.http.port;
reportReady({ port });
logger.info({ port }, 'api serves');
