// The work between the doors and the API: reading files, deciding calls, sweeping what jobs have lost.
import { availableParallelism } from 'node:os';
import { createDiskBlobStore } from '@callbay/blobs';
import {
  advanceCalls,
  classifyFile,
  createImportSlots,
  createInspector,
  importCrm,
  type RunSweepsDeps,
  runSweeps,
} from '@callbay/ingestion';
import { createDigestSender } from '@callbay/notify';
import { createPipelineStores, createProcessMetricsStore, openDatabase } from '@callbay/postgres';
import { createJobQueue, startWorkers } from '@callbay/queue';
import {
  createLogger,
  createMetrics,
  createSealer,
  deriveKey,
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

const config = loadConfig(readEnv());
const logger = createLogger({ role: 'pipeline', level: config.logLevel });
const shutdown = onShutdown({ logger });
exitWithParent(shutdown);

const connectionString = config.databaseUrl;
if (connectionString === null) throw new Error('pipeline needs DATABASE_URL: `callbay up` gives it one');
const labels = processLabels('pipeline');
const metrics = createMetrics({ withProcess: true, labels });
const secretKey = await loadSecretKey(config);

const db = openDatabase({
  connectionString,
  max: roleConnections.pipeline.pool,
  bulkMax: roleConnections.pipeline.bulk,
  applicationName: 'callbay-pipeline',
  onIdleError: (err) => logger.warn({ err }, 'a database connection broke'),
});
shutdown.add('database', () => db.close());

const sharing = {
  ...{ registry: metrics.registry, labels, store: createProcessMetricsStore(db) },
  onError: (err: unknown) => logger.warn({ err }, 'metrics could not be shared'),
};
const shared = shareMetrics(sharing);
shutdown.add('metrics', () => shared.stop());

const backend = config.redisUrl === null ? { connectionString } : { redisUrl: config.redisUrl };
const queue = await createJobQueue(backend, (err) => logger.warn({ err }, 'the queue connection broke'));
shutdown.add('queue', () => queue.close());

const inspector = createInspector({ processes: Math.max(2, availableParallelism() - 1) });
shutdown.add('inspector', async () => inspector[Symbol.asyncDispose]());

const deps: RunSweepsDeps = {
  ...createPipelineStores(db, {
    sealer: createSealer(secretKey),
    tombstoneKey: deriveKey(secretKey, 'tombstones'),
  }),
  importSlots: createImportSlots({ total: roleConnections.pipeline.imports }),
  sender: createDigestSender({ mail: config.mail, rules: { allow: config.webhookAllow } }),
  blobs: createDiskBlobStore({ root: config.blobsFolder }),
  inspector,
  queue,
  log: logger,
  metrics: {
    surfaced: (_tenantId, seconds) => {
      metrics.callsSurfaced.inc(seconds.length);
      for (const each of seconds) metrics.surfaceSeconds.observe(each);
    },
    updated: (_tenantId, count) => metrics.callsUpdated.inc(count),
    swept: (sweep, seconds) => metrics.sweepSeconds.observe({ sweep }, seconds),
  },
};

const workers = await startWorkers({
  backend,
  concurrency: 8,
  handlers: {
    'file.classify': (payload) => classifyFile(deps, payload),
    'call.advance': ({ tenantId, callKey }) => advanceCalls(deps, { tenantId, callKeys: [callKey] }),
    'crm.import': (payload, { signal }) => importCrm(deps, { ...payload, signal }),
  },
  observer: {
    completed: (job, seconds) => {
      metrics.jobs.inc({ job, result: 'completed' });
      metrics.jobSeconds.observe({ job }, seconds);
    },
    failed: (job, err, isFinal) => {
      metrics.jobs.inc({ job, result: isFinal ? 'failed' : 'retried' });
      logger.warn({ err, job, isFinal }, 'a job failed');
    },
    broke: (err) => logger.warn({ err }, 'the queue connection broke'),
  },
});
shutdown.add('workers', () => workers.close());

const sweeps = runSweeps(deps);
shutdown.add('sweeps', async () => sweeps[Symbol.asyncDispose]());
reportReady();
logger.info({}, 'pipeline works');
