// The doors: customers' files come in here, are made durable and acknowledged. Nothing is read or decided.
import { createDiskBlobStore } from '@callbay/blobs';
import {
  createDropStore,
  createProcessMetricsStore,
  createSftpAccountStore,
  openDatabase,
} from '@callbay/postgres';
import { createJobQueue } from '@callbay/queue';
import {
  createLogger,
  createMetrics,
  createSealer,
  exitWithParent,
  loadConfig,
  loadSecretKey,
  onShutdown,
  processLabels,
  readEnv,
  reportReady,
  roleConnections,
  shareMetrics,
} from '@callbay/runtime';
import { createSftpServer } from '@callbay/sources';
import { startPartialSweep } from './partial-sweep.ts';

const config = loadConfig(readEnv());
const logger = createLogger({ role: 'intake', level: config.logLevel });
const shutdown = onShutdown({ logger });
exitWithParent(shutdown);

const connectionString = config.databaseUrl;
if (connectionString === null) throw new Error('intake needs DATABASE_URL: `callbay up` gives it one');
const secretKey = await loadSecretKey(config);
const labels = processLabels('intake');
const metrics = createMetrics({ withProcess: true, labels });

const db = openDatabase({
  connectionString,
  max: roleConnections.intake.pool,
  applicationName: 'callbay-intake',
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

const server = createSftpServer(
  {
    drop: createDropStore(db),
    accounts: createSftpAccountStore(db, createSealer(secretKey)),
    blobs: createDiskBlobStore({ root: config.blobsFolder }),
    queue,
    log: logger,
    metrics: {
      connectionRefused: () => metrics.sftpLogins.inc({ result: 'limited' }),
      loginEnded: (outcome) => metrics.sftpLogins.inc({ result: outcome }),
      sessionOpened: () => metrics.sftpSessions.inc(),
      sessionClosed: () => metrics.sftpSessions.dec(),
      fileReceived: (sizeBytes) => {
        metrics.filesReceived.inc({ drop: 'sftp' });
        metrics.bytesReceived.inc({ drop: 'sftp' }, sizeBytes);
      },
      uploadFailed: () => metrics.uploadsFailed.inc(),
    },
  },
  {
    host: config.bind,
    port: config.sftp.port,
    isPortShared: config.intakeProcesses > 1,
    spoolDir: config.spoolFolder,
  },
);
const { port } = await server.listen();
shutdown.add('sftp server', () => server.close());
const sweep = startPartialSweep(config.spoolFolder, logger);
shutdown.add('partial sweep', () => sweep.stop());
reportReady({ port });
logger.info({ port }, 'sftp serves');
