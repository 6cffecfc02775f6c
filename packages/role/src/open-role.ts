import { createDiskBlobStore, type DiskBlobStore, markStore } from '@callbay/blobs';
import { createProcessMetricsStore, type Database, openDatabase, refersToBytes } from '@callbay/postgres';
import { type CallbayQueue, createJobQueue, type QueueBackend } from '@callbay/queue';
import {
  type Config,
  createLogger,
  createMetrics,
  exitWithParent,
  type Logger,
  loadConfig,
  loadSecretKey,
  type Metrics,
  onShutdown,
  processLabels,
  type ReadyReport,
  ROLE_CONNECTIONS,
  readAllMetrics,
  readEnv,
  reportReady,
  type Shutdown,
  shareMetrics,
} from '@callbay/runtime';

export type RoleName = keyof typeof ROLE_CONNECTIONS;

/** One process's common parts. The shutdown closes all of them after whatever the role adds to it. */
export interface Role {
  readonly config: Config;
  readonly logger: Logger;
  readonly shutdown: Shutdown;
  /** 32 bytes: derive or seal with it, never log it. */
  readonly secretKey: Buffer;
  readonly metrics: Metrics;
  readonly db: Database;
  readonly blobs: DiskBlobStore;
  readonly queue: CallbayQueue;
  /** Where the queue rests, for workers. */
  readonly queueBackend: QueueBackend;
  /** The metrics of this process and of all others, in the text form of Prometheus. */
  readAllMetrics(): Promise<string>;
  /** Reports to the supervisor, and to the log, that the role serves. */
  reportReady(sentence: string, report?: ReadyReport): void;
}

function openRoleDatabase(name: RoleName, connectionString: string, logger: Logger): Database {
  const { pool, bulk } = ROLE_CONNECTIONS[name];
  return openDatabase({
    connectionString,
    max: pool,
    ...(bulk > 0 ? { bulkMax: bulk } : {}),
    applicationName: `callbay-${name}`,
    onIdleError: (err) => logger.warn({ err }, 'a database connection broke'),
  });
}

/** A store that is not mounted yet is no reason to end: it comes into use as soon as it is there. */
async function openBlobs(root: string, db: Database, logger: Logger): Promise<DiskBlobStore> {
  try {
    const isMarked = await markStore(root, () => refersToBytes(db));
    if (!isMarked) logger.error({ root }, 'the folder of stored bytes is empty: is its disk mounted?');
  } catch (err) {
    logger.error({ err, root }, 'the folder of stored bytes cannot be used');
  }
  return createDiskBlobStore({ root, requiresMarker: true });
}

/**
 * Opens the common parts of this process as its environment says. Throws a ConfigError for a wrong environment, and a
 * retryable CallbayError when the queue does not answer.
 */
export async function openRole(name: RoleName): Promise<Role> {
  const config = loadConfig(readEnv());
  const logger = createLogger({ role: name, level: config.logLevel });
  const shutdown = onShutdown({ logger });
  exitWithParent(shutdown);
  const connectionString = config.databaseUrl;
  if (connectionString === null) throw new Error(`${name} needs DATABASE_URL: \`callbay up\` sets it`);
  const secretKey = await loadSecretKey(config);

  const db = openRoleDatabase(name, connectionString, logger);
  shutdown.add('database', () => db.close());

  const labels = processLabels(name);
  const metrics = createMetrics({ withProcess: true, labels });
  const sharing = {
    registry: metrics.registry,
    labels,
    store: createProcessMetricsStore(db),
    onError: (err: unknown) => logger.warn({ err }, 'metrics could not be shared'),
  };
  const shared = shareMetrics(sharing);
  shutdown.add('metrics', () => shared.stop());

  const queueBackend = config.redisUrl === null ? { connectionString } : { redisUrl: config.redisUrl };
  const queue = await createJobQueue(queueBackend, (err) =>
    logger.warn({ err }, 'the queue connection broke'),
  );
  shutdown.add('queue', () => queue.close());

  return {
    config,
    logger,
    shutdown,
    secretKey,
    metrics,
    db,
    blobs: await openBlobs(config.blobsFolder, db, logger),
    queue,
    queueBackend,
    readAllMetrics: () => readAllMetrics(sharing),
    reportReady: (sentence, report = {}) => {
      reportReady(report);
      logger.info({ ...report }, sentence);
    },
  };
}
