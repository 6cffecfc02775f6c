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
import { type Slice, type WatchedSweep, WHOLE } from './ports.ts';
import { type SweepDeps, sweepDueCalls, sweepRereads, sweepUnreadFiles } from './sweep.ts';
import { sweepOldAlerts, sweepOldEvents } from './sweep-old.ts';
import { sweepOrphans } from './sweep-orphans.ts';
import { sweepPurges } from './sweep-purges.ts';
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
  /** Answers how much there was. */
  readonly work: (slice: Slice) => Promise<number>;
  /** It is run again at once where there was so much. */
  readonly full?: number;
}

const MINUTE_MS = 60_000;
/** Rows that are removed by one statement. */
const TRIMMED = 10_000;

export interface RunningSweeps extends AsyncDisposable {
  /** Something happened that may leave work for a sweep: a sleeping watch looks soon. */
  stir(): void;
}

/**
 * Runs every sweep at its pace until disposed, each in one process of all at a time; of those that processes share, each slice.
 * Disposing waits for those that run. A failed sweep is logged and retried: nothing else finds lost jobs.
 */
export function runSweeps(deps: RunSweepsDeps): RunningSweeps {
  const stopping = new AbortController();
  const { signal } = stopping;
  const [readForPurge, readForRetention, readForOrphans] = [clockReader(), clockReader(), clockReader()];
  const schedules: readonly Schedule[] = [
    { name: 'rereads', everyMs: MINUTE_MS, work: () => sweepRereads(deps) },
    { name: 'rows', everyMs: MINUTE_MS, work: () => sweepExpiredRows(deps) },
    {
      name: 'purges',
      everyMs: MINUTE_MS,
      work: (slice) => sweepPurges(deps, readForPurge(), { slice, signal }),
    },
    { name: 'retention', everyMs: MINUTE_MS, work: () => sweepDataRetention(deps, readForRetention()) },
    { name: 'forgotten-links', everyMs: 10 * MINUTE_MS, work: () => sweepForgottenLinks(deps) },
    { name: 'orphans', everyMs: 60 * MINUTE_MS, work: () => sweepOrphans(deps, readForOrphans()) },
    { name: 'storage', everyMs: MINUTE_MS, work: () => countStorage(deps) },
    { name: 'space', everyMs: MINUTE_MS, work: () => sweepSpace(deps) },
    { name: 'alerts', everyMs: MINUTE_MS, work: () => sweepAlerts(deps) },
    { name: 'alert-deliveries', everyMs: 10_000, work: () => sweepDeliveries(deps) },
    { name: 'reconciliations', everyMs: 10 * MINUTE_MS, work: () => sweepReconciliations(deps) },
    {
      name: 'old-alerts',
      everyMs: 60 * MINUTE_MS,
      full: TRIMMED,
      work: () => sweepOldAlerts(deps, TRIMMED),
    },
    { name: 'outbox', everyMs: 10 * MINUTE_MS, full: TRIMMED, work: () => sweepOldEvents(deps, TRIMMED) },
    { name: 'audit', everyMs: 60 * MINUTE_MS, full: TRIMMED, work: () => deps.sweeps.trimAudit(TRIMMED) },
  ];
  const loops = schedules.map((schedule) => startLoop(deps, schedule, signal));
  const watched: Readonly<Record<WatchedSweep, (slice: Slice) => Promise<number>>> = {
    'due-calls': (slice) => sweepDueCalls(deps, slice, signal),
    'unread-files': () => sweepUnreadFiles(deps),
    batches: () => sweepBatches(deps),
    links: () => sweepLinks(deps),
    'crm-imports': () => sweepCrmImports(deps, 100),
    webhooks: () => deps.relays.webhooks.poll(),
    feeds: () => deps.relays.feeds.poll(),
  };
  const watch = startWatch(deps, (name) => runSweep(deps, { name, work: watched[name] }, signal));
  return {
    stir: watch.stir,
    [Symbol.asyncDispose]: async () => {
      stopping.abort();
      await Promise.all([watch.stop(), ...loops.map((stop) => stop())]);
    },
  };
}

/** Reports the host's clock, and how far it and its monotonic one ran since it was last asked. */
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
const LEASED_SWEEPS: ReadonlySet<string> = new Set<WatchedSweep>(['batches', 'webhooks', 'feeds']);
/** Sweeps whose work is cut into slices: each process takes those that no other has just now. */
const SLICED_SWEEPS: ReadonlySet<string> = new Set(['due-calls', 'purges']);
const SLICES = 4;

/** The slices in an order of this run's own, so that processes that begin together rarely want the same one. */
function slicesOf(name: string): readonly Slice[] {
  if (!SLICED_SWEEPS.has(name)) return [WHOLE];
  const first = Math.floor(Math.random() * SLICES);
  return Array.from({ length: SLICES }, (_, n) => ({ nth: (first + n) % SLICES, of: SLICES }));
}

type Work = Pick<Schedule, 'name' | 'work' | 'full'>;

/** Runs one sweep, or those slices of it, that no other process runs just now. Never rejects. */
async function runSweep(deps: RunSweepsDeps, { name, work, full }: Work, signal: AbortSignal): Promise<void> {
  const timed = async (slice: Slice): Promise<void> => {
    const startedMs = performance.now();
    let done = await work(slice);
    while (full !== undefined && done >= full && !signal.aborted) done = await work(slice);
    deps.metrics.swept(name, (performance.now() - startedMs) / 1000);
  };
  for (const slice of slicesOf(name)) {
    const lock = slice.of === 1 ? name : `${name} ${slice.nth}`;
    try {
      await (LEASED_SWEEPS.has(name) ? timed(slice) : deps.sweeps.runExclusively(lock, () => timed(slice)));
    } catch (error) {
      deps.log.error({ err: error, sweep: name }, 'a sweep failed and will run again');
    }
    if (signal.aborted) return;
  }
}

function startLoop(deps: RunSweepsDeps, schedule: Schedule, signal: AbortSignal): () => Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let running = Promise.resolve();
  const turn = async (): Promise<void> => {
    await runSweep(deps, schedule, signal);
    if (!signal.aborted) timer = setTimeout(start, schedule.everyMs);
  };
  const start = (): void => {
    running = turn();
  };
  start();
  return async () => {
    clearTimeout(timer);
    await running;
  };
}
