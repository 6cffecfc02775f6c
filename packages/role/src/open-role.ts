import { createRequire } from 'node:module';
import { createBlobStore, type InstalledBlobStore } from '@callbay/blobs';
import { createProcessMetricsStore, type Database, openDatabase } from '@callbay/postgres';
import { type CallbayQueue, createJobQueue, pingRedis, type QueueBackend } from '@callbay/queue';
import {
  type Config,
  ConfigError,
  createLogger,
  createMetrics,
  exitWithParent,
  explainPostgres,
  explainRedis,
  type Logger,
  loadConfig,
  loadSecretKey,
  type Metrics,
  onShutdown,
  processLabels,
  type ReadyReport,
  ROLE_CONNECTIONS,
  type RoleName,
  readAllMetrics,
  readEnv,
  readTlsIdentity,
  reportReady,
  ServiceError,
  type Shutdown,
  shareMetrics,
  type TlsIdentity,
} from '@callbay/runtime';
import { joinInstallation } from './installation.ts';
import { createProbes, type Probes } from './probes.ts';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

/** One process's common parts. The shutdown closes all of them after whatever the role adds to it. */
export interface Role {
  readonly config: Config;
  readonly logger: Logger;
  readonly shutdown: Shutdown;
  /** 32 bytes: derive or seal with it, never log it. */
  readonly secretKey: Buffer;
  readonly metrics: Metrics;
  readonly db: Database;
  readonly blobs: InstalledBlobStore;
  readonly queue: CallbayQueue;
  /** What HTTP is served with over TLS, for the api; null elsewhere, and where it is served without. */
  readonly tls: TlsIdentity | null;
  /** Where the queue rests, for workers. */
  readonly queueBackend: QueueBackend;
  /** For readiness. */
  readonly probes: Probes;
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

/** What a person must change, and no stack: the fault is in the environment. */
const WRONG_CONFIGURATION = 2;
/** A server that the environment names cannot be used; its sentence says why. */
const SERVICE_UNAVAILABLE = 3;

/**
 * Opens the common parts of this process as its environment says. Ends the process with a sentence for each problem of
 * the environment, or for a database or a Redis that cannot be used.
 */
export async function openRole(name: RoleName): Promise<Role> {
  try {
    return await openParts(name);
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof ServiceError)) throw error;
    process.stderr.write(`callbay-${name}: ${error.message}\n`);
    process.exit(error instanceof ConfigError ? WRONG_CONFIGURATION : SERVICE_UNAVAILABLE);
  }
}

async function openParts(name: RoleName): Promise<Role> {
  const config = loadConfig(readEnv(), { usesHome: true });
  const logger = createLogger({ role: name, level: config.logLevel });
  const shutdown = onShutdown({ logger });
  exitWithParent(shutdown);
  const tls =
    name === 'api' && config.http.tls !== null ? readTlsIdentity(config.http.tls, new Date()) : null;
  const connectionString = config.databaseUrl;
  if (connectionString === null) {
    const message = `${name} needs it: \`callbay up\` sets it for the roles that it starts`;
    throw new ConfigError([{ variable: 'DATABASE_URL', message }]);
  }
  const secretKey = await loadSecretKey(config);

  const db = openRoleDatabase(name, connectionString, logger);
  shutdown.add('database', () => db.close());
  const blobs = createBlobStore(config);
  shutdown.add('stored bytes', async () => blobs.close());
  await joinInstallation(db, config, blobs.marker, logger).catch((error: unknown) => {
    throw explainPostgres(connectionString, error) ?? error;
  });

  const labels = processLabels(name);
  const metrics = createMetrics({ withProcess: true, labels, version });
  const sharing = {
    registry: metrics.registry,
    labels,
    store: createProcessMetricsStore(db),
    onError: (err: unknown) => logger.warn({ err }, 'metrics could not be shared'),
  };
  const shared = shareMetrics(sharing);
  shutdown.add('metrics', () => shared.stop());

  const { redisUrl } = config;
  if (redisUrl !== null) {
    await pingRedis(redisUrl).catch((error: unknown) => {
      throw explainRedis(redisUrl, error) ?? error;
    });
  }
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
    blobs,
    queue,
    tls,
    queueBackend,
    probes: createProbes(db, queue, blobs),
    readAllMetrics: () => readAllMetrics(sharing),
    reportReady: (sentence, report = {}) => {
      reportReady(report);
      logger.info({ ...report }, sentence);
    },
  };
}
