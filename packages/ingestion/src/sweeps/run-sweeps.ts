import { type ClockBaseline, type ClockReading, nextBaseline } from '@callbay/core';
import { sweepAlerts } from '../alerts/sweep-alerts.ts';
import { type DeliverySweepDeps, sweepDeliveries } from '../alerts/sweep-deliveries.ts';
import { type ReconciliationSweepDeps, sweepReconciliations } from '../alerts/sweep-reconciliations.ts';
import { sweepBatches, sweepExpiredRows } from '../batch/advance-batch.ts';
import { sweepCrmImports } from '../crm/import-crm.ts';
import { sweepForgottenLinks, sweepLinks } from '../linkage/link-records.ts';
import type { PipelineMetrics } from '../ports.ts';
import { sweepDataRetention } from '../retention/data-retention.ts';
import { type SweepDeps, sweepDueCalls, sweepPurges, sweepUnreadFiles } from './sweep.ts';
import { sweepOrphans } from './sweep-orphans.ts';

export interface RunSweepsDeps extends SweepDeps, DeliverySweepDeps, ReconciliationSweepDeps {
  readonly metrics: PipelineMetrics & { swept(name: string, seconds: number): void };
}

interface Schedule {
  readonly name: string;
  readonly everyMs: number;
  /** Answers how much there was: as much as a batch means that there may be more. */
  readonly work: () => Promise<number>;
}

const MINUTE_MS = 60_000;

/**
 * Runs every sweep at its pace until disposed, each in one process of all at a time. Disposing waits for the one that
 * runs. A sweep that fails is told and comes again: nothing else finds what jobs have lost.
 */
export function runSweeps(deps: RunSweepsDeps): AsyncDisposable {
  const [readForPurge, readForRetention, readForOrphans] = [clockReader(), clockReader(), clockReader()];
  const loops = [
    { name: 'due-calls', everyMs: 1_000, work: () => sweepDueCalls(deps) },
    { name: 'unread-files', everyMs: 2_000, work: () => sweepUnreadFiles(deps) },
    { name: 'batches', everyMs: 1_000, work: () => sweepBatches(deps) },
    { name: 'rows', everyMs: MINUTE_MS, work: () => sweepExpiredRows(deps) },
    { name: 'purges', everyMs: MINUTE_MS, work: () => sweepPurges(deps, readForPurge()) },
    { name: 'retention', everyMs: MINUTE_MS, work: () => sweepDataRetention(deps, readForRetention()) },
    { name: 'links', everyMs: 1_000, work: () => sweepLinks(deps) },
    { name: 'forgotten-links', everyMs: 10 * MINUTE_MS, work: () => sweepForgottenLinks(deps) },
    { name: 'crm-imports', everyMs: 2_000, work: () => sweepCrmImports(deps, 100) },
    { name: 'orphans', everyMs: 60 * MINUTE_MS, work: () => sweepOrphans(deps, readForOrphans()) },
    { name: 'alerts', everyMs: MINUTE_MS, work: () => sweepAlerts(deps) },
    { name: 'alert-deliveries', everyMs: 10_000, work: () => sweepDeliveries(deps) },
    { name: 'reconciliations', everyMs: 10 * MINUTE_MS, work: () => sweepReconciliations(deps) },
    { name: 'old-alerts', everyMs: 60 * MINUTE_MS, work: () => deps.alerts.trimAlerts(10_000) },
    { name: 'outbox', everyMs: 60 * MINUTE_MS, work: () => deps.sweeps.trimOutbox(10_000) },
  ].map((schedule) => startLoop(deps, schedule));
  return {
    [Symbol.asyncDispose]: async () => {
      await Promise.all(loops.map((stop) => stop()));
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

function startLoop(deps: RunSweepsDeps, { name, everyMs, work }: Schedule): () => Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let running = Promise.resolve();
  let isStopped = false;
  const turn = async (): Promise<void> => {
    try {
      await deps.sweeps.runExclusively(name, async () => {
        const startedMs = performance.now();
        await work();
        deps.metrics.swept(name, (performance.now() - startedMs) / 1000);
      });
    } catch (error) {
      deps.log.error({ err: error, sweep: name }, 'a sweep failed and will run again');
    }
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
