// The way in for people and the way out for calls: the admin and export API over HTTP.
import { createDiskBlobStore } from '@callbay/blobs';
import { createHttpApi } from '@callbay/http';
import { replayFile } from '@callbay/ingestion';
import {
  createAuditReader,
  createCallReader,
  createCrmReader,
  createEventReader,
  createFileReader,
  createKeyStore,
  createMappingStore,
  createReplayStore,
  createSftpUserStore,
  createSweepStore,
  createTenantStore,
  openDatabase,
} from '@callbay/postgres';
import { createJobQueue } from '@callbay/queue';
import {
  createLogger,
  createMetrics,
  deriveKey,
  exitWithParent,
  loadConfig,
  loadSecretKey,
  onShutdown,
  readEnv,
  reportReady,
  roleConnections,
} from '@callbay/runtime';

const config = loadConfig(readEnv());
const logger = createLogger({ role: 'api', level: config.logLevel });
const shutdown = onShutdown({ logger });
exitWithParent(shutdown);

const connectionString = config.databaseUrl;
if (connectionString === null) throw new Error('api needs DATABASE_URL: `callbay up` gives it one');
const secretKey = await loadSecretKey(config);
const metrics = createMetrics({ withProcess: true });

const db = openDatabase({
  connectionString,
  max: roleConnections.api.pool,
  applicationName: 'callbay-api',
  onIdleError: (err) => logger.warn({ err }, 'a database connection broke'),
});
shutdown.add('database', () => db.close());

const queue = await createJobQueue(
  config.redisUrl === null ? { connectionString } : { redisUrl: config.redisUrl },
  (err) => logger.warn({ err }, 'the queue connection broke'),
);
shutdown.add('queue', () => queue.close());

const replays = createReplayStore(db);
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
    blobs: createDiskBlobStore({ root: config.blobsFolder }),
    replayFile: (tenantId, fileId, by) => replayFile({ replays, queue }, { tenantId, fileId, by }),
    checks: { database: () => db.query('select 1'), queue: () => queue.checkHealth() },
    metrics: { contentType: metrics.registry.contentType, text: () => metrics.registry.metrics() },
  },
  {
    tokenKey: deriveKey(secretKey, 'tenant-tokens'),
    sftp: { host: config.publicHost, port: config.sftp.port },
    trustProxy: config.http.trustProxy,
    logger,
  },
);
await api.listen({ host: config.bind, port: config.http.port });
shutdown.add('http server', () => api.close());
const address = api.server.address();
const port = typeof address === 'object' && address !== null ? address.port : config.http.port;
reportReady({ port });
logger.info({ port }, 'api serves');
