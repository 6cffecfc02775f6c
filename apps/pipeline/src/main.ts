// The work between the doors and the API: reading files, deciding calls, sweeping what jobs have lost.
import { availableParallelism, hostname } from 'node:os';
import { join } from 'node:path';
import { FEED_CONSUMER, WEBHOOK_CONSUMERS } from '@callbay/core';
import {
  createImportSlots,
  createInspector,
  createReadSlots,
  deliverEvents,
  feedEvents,
  importCrm,
  Relay,
  type RunSweepsDeps,
  readWaiting,
  runSweeps,
} from '@callbay/ingestion';
import { createDigestSender, createEventSender } from '@callbay/notify';
import { createPipelineStores } from '@callbay/postgres';
import { startWorkers } from '@callbay/queue';
import { openRole } from '@callbay/role';
import { createSealer, DRAIN_MS, deriveKey, ROLE_CONNECTIONS } from '@callbay/runtime';
import { KafkaTarget } from '@callbay/targets';

const role = await openRole('pipeline');
const { config, db, logger, metrics, queue, secretKey, shutdown } = role;

/** Tenants whose turn it is at the same time. */
const TURNS_AT_ONCE = 16;
/** Endpoints that are posted to at the same time. Most of the time of each is its receiver's. */
const WEBHOOKS_AT_ONCE = 32;
/** Feeds that are sent at the same time, each to a cluster of its own. */
const FEEDS_AT_ONCE = 16;
/** Fewer than the reading processes, so that small files find one. */
const LONG_READS = Math.max(1, availableParallelism() - 1);
/** Places of short files that are read alone, such as a CSV of a few rows. */
const SHORT_READS = 1;
const inspector = createInspector({
  processes: LONG_READS + SHORT_READS + 1,
  checkStore: () => role.blobs.checkStore(),
});
shutdown.add('inspector', async () => inspector[Symbol.asyncDispose]());

const stores = createPipelineStores(db, {
  sealer: createSealer(secretKey),
  tombstoneKey: deriveKey(secretKey, 'tombstones'),
});
const webhookSender = createEventSender({ rules: { allow: config.webhookAllow } });
const owner = `${hostname()}:${process.pid}`;
const webhookRelay = new Relay({
  cursors: stores.cursors,
  log: logger,
  consumer: WEBHOOK_CONSUMERS,
  owner,
  slots: WEBHOOKS_AT_ONCE,
  work: (lease, signal) => deliverEvents({ ...stores, webhookSender, log: logger }, lease, signal),
});
const feedTarget = new KafkaTarget({ rules: { allow: config.webhookAllow } });
const feedRelay = new Relay({
  cursors: stores.cursors,
  log: logger,
  consumer: FEED_CONSUMER,
  owner,
  slots: FEEDS_AT_ONCE,
  work: (lease, signal) => feedEvents({ ...stores, feedTarget, log: logger }, lease, signal),
});
const deps: RunSweepsDeps = {
  ...stores,
  readSlots: createReadSlots({ total: LONG_READS, totalShort: SHORT_READS }),
  importSlots: createImportSlots({ total: ROLE_CONNECTIONS.pipeline.imports }),
  sender: createDigestSender({ mail: config.mail, rules: { allow: config.webhookAllow } }),
  blobs: role.blobs,
  relays: { webhooks: webhookRelay, feeds: feedRelay },
  bundleFolder: join(config.spoolFolder, 'bundles'),
  diskFloorBytes: config.diskFloorBytes,
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

const sweeps = runSweeps(deps);
shutdown.add('sweeps', async () => sweeps[Symbol.asyncDispose]());
shutdown.add('webhooks', async () => webhookRelay[Symbol.asyncDispose]());
shutdown.add('feeds', async () => {
  await feedRelay[Symbol.asyncDispose]();
  await feedTarget[Symbol.asyncDispose]();
});

const workers = await startWorkers({
  backend: role.queueBackend,
  concurrency: TURNS_AT_ONCE,
  handlers: {
    'tenant.read': (payload, { attempt, signal }) => readWaiting(deps, { ...payload, attempt, signal }),
    'crm.import': (payload, { signal }) => importCrm(deps, { ...payload, signal }),
  },
  observer: {
    completed: (job, seconds) => {
      metrics.jobs.inc({ job, result: 'completed' });
      metrics.jobSeconds.observe({ job }, seconds);
      sweeps.stir();
    },
    failed: (job, err, isFinal) => {
      metrics.jobs.inc({ job, result: isFinal ? 'failed' : 'retried' });
      logger.warn({ err, job, isFinal }, 'a job failed');
      sweeps.stir();
    },
    broke: (err) => logger.warn({ err }, 'the queue connection broke'),
  },
});
shutdown.add('workers', () => workers.close(DRAIN_MS.work));
role.reportReady('pipeline works');
