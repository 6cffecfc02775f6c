import { type ClockBaseline, type ClockReading, nextBaseline } from '@callbay/core';
import { sweepAlerts } from '../alerts/sweep-alerts.ts';
import { type DeliverySweepDeps, sweepDeliveries } from '../alerts/sweep-deliveries.ts';
import { type ReconciliationSweepDeps, sweepReconciliations } from '../alerts/sweep-reconciliations.ts';
import { sweepBatches, sweepExpiredRows } from '../batch/advance-batch.ts';
import { sweepCrmImports } from '../crm/import-crm.ts';
import type { Relay } from '../events/relay.ts';
import { sweepForgottenLinks, sweepLinks } from '../linkage/link-records.ts';
import type { PipelineMetrics } from '../ports.ts';
import { sweepDataRetention } from '../retention/data-retention.ts';
import { countStorage } from './count-storage.ts';
import type { WatchedSweep } from './ports.ts';
import { type SweepDeps, sweepDueCalls, sweepPurges, sweepRereads, sweepUnreadFiles } from './sweep.ts';
import { sweepOrphans } from './sweep-orphans.ts';
import { sweepSpace } from './sweep-space.ts';
import { startWatch } from './watch.ts';

export interface RunSweepsDeps extends SweepDeps, DeliverySweepDeps, ReconciliationSweepDeps {
  /** Bytes that must stay free on the disk of the store; null for the default. */
  readonly diskFloorBytes: number | null;
  /** Serve the webhooks and the feeds of all tenants; owned by whoever made them. */
  readonly relays: Readonly<Record<'webhooks' | 'feeds', Pick<Relay, 'poll'>>>;
  readonly metrics: PipelineMetrics & { swept(name: string, seconds: number): void };
}

interface Schedule {
  readonly name: string;
  readonly everyMs: number;
  /** Answers how much there was: as much as a batch means that there may be more. */
  readonly work: () => Promise<number>;
}

const MINUTE_MS = 60_000;

export interface RunningSweeps extends AsyncDisposable {
  /** Something happened that may leave work for a sweep: a sleeping watch looks soon. */
  stir(): void;
}

/**
 * Runs every sweep at its pace until disposed, each in one process of all at a time but for those they share. Disposing waits for the one that
 * runs. A failed sweep is logged and retried: nothing else finds lost jobs.
 */
export function runSweeps(deps: RunSweepsDeps): RunningSweeps {
  const [readForPurge, readForRetention, readForOrphans] = [clockReader(), clockReader(), clockReader()];
  const loops = [
    { name: 'rereads', everyMs: MINUTE_MS, work: () => sweepRereads(deps) },
    { name: 'rows', everyMs: MINUTE_MS, work: () => sweepExpiredRows(deps) },
    { name: 'purges', everyMs: MINUTE_MS, work: () => sweepPurges(deps, readForPurge()) },
    { name: 'retention', everyMs: MINUTE_MS, work: () => sweepDataRetention(deps, readForRetention()) },
    { name: 'forgotten-links', everyMs: 10 * MINUTE_MS, work: () => sweepForgottenLinks(deps) },
    { name: 'orphans', everyMs: 60 * MINUTE_MS, work: () => sweepOrphans(deps, readForOrphans()) },
    { name: 'storage', everyMs: MINUTE_MS, work: () => countStorage(deps) },
    { name: 'space', everyMs: MINUTE_MS, work: () => sweepSpace(deps) },
    { name: 'alerts', everyMs: MINUTE_MS, work: () => sweepAlerts(deps) },
    { name: 'alert-deliveries', everyMs: 10_000, work: () => sweepDeliveries(deps) },
    { name: 'reconciliations', everyMs: 10 * MINUTE_MS, work: () => sweepReconciliations(deps) },
    { name: 'old-alerts', everyMs: 60 * MINUTE_MS, work: () => deps.alerts.trimAlerts(10_000) },
    { name: 'outbox', everyMs: 60 * MINUTE_MS, work: () => deps.sweeps.trimEvents(10_000) },
  ].map((schedule) => startLoop(deps, schedule));
  const watched: Readonly<Record<WatchedSweep, () => Promise<number>>> = {
    'due-calls': () => sweepDueCalls(deps),
    'unread-files': () => sweepUnreadFiles(deps),
    batches: () => sweepBatches(deps),
    links: () => sweepLinks(deps),
    'crm-imports': () => sweepCrmImports(deps, 100),
    webhooks: () => deps.relays.webhooks.poll(),
    feeds: () => deps.relays.feeds.poll(),
  };
  const watch = startWatch(deps, (name) => runSweep(deps, name, watched[name]));
  return {
    stir: watch.stir,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([watch.stop(), ...loops.map((stop) => stop())]);
    },
  };
}

/** Tells the host's clock, and how far it and its monotonic one ran since it was last asked. */
function clockReader(): () => Omit<ClockReading, 'databaseMs'> {
  let last: ClockBaseline = { ...readClocks(), doubtedSinceMs: null };
  return () => {
    const now = readClocks();
    const elapsed = {
      wallElapsedMs: now.wallMs - last.wallMs,
      monotonicElapsedMs: now.monotonicMs - last.monotonicMs,
    };
    last = nextBaseline(last, now);
    return { hostMs: now.wallMs, ...elapsed };
  };
}

const readClocks = () => ({ wallMs: Date.now(), monotonicMs: performance.now() });

/** Sweeps that share their work by leases: all processes run them at once. */
const SHARED_SWEEPS: ReadonlySet<string> = new Set<WatchedSweep>(['batches', 'webhooks', 'feeds']);

/** Runs one sweep, where no other process does just now unless they share it. Never rejects. */
async function runSweep(deps: RunSweepsDeps, name: string, work: () => Promise<number>): Promise<void> {
  const timed = async (): Promise<void> => {
    const startedMs = performance.now();
    await work();
    deps.metrics.swept(name, (performance.now() - startedMs) / 1000);
  };
  try {
    await (SHARED_SWEEPS.has(name) ? timed() : deps.sweeps.runExclusively(name, timed));
  } catch (error) {
    deps.log.error({ err: error, sweep: name }, 'a sweep failed and will run again');
  }
}

function startLoop(deps: RunSweepsDeps, { name, everyMs, work }: Schedule): () => Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let running = Promise.resolve();
  let isStopped = false;
  const turn = async (): Promise<void> => {
    await runSweep(deps, name, work);
    if (!isStopped) timer = setTimeout(start, everyMs);
  };
  const start = (): void => {
    running = turn();
  };
  start();
  return async () => {
    isStopped = true;
    clearTimeout(timer);
    await running;
  };
}
