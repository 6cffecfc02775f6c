import {
  AggregatorRegistry,
  type MetricObjectWithValues,
  type MetricValue,
  type Registry,
} from 'prom-client';
import type { ProcessLabels } from './metrics.ts';

type Snapshot = readonly MetricObjectWithValues<MetricValue<string>>[];

/** Where processes leave their metrics for one another. */
export interface SnapshotStore {
  write(snapshot: ProcessLabels & { readonly metrics: readonly unknown[] }): Promise<void>;
  remove(process: string): Promise<void>;
  listOthers(process: string, withinMs: number): Promise<readonly { readonly metrics: readonly unknown[] }[]>;
}

export interface SharingOptions {
  readonly registry: Registry;
  readonly labels: ProcessLabels;
  readonly store: SnapshotStore;
  /** Called when it begins to fail, and not again before it has worked. */
  readonly onError: (error: unknown) => void;
  readonly everyMs?: number;
}

/** As often as Prometheus asks by default: each turn writes some 20 KB. */
const EVERY_MS = 15_000;
/** A process that died disappears after this: it missed three of its turns. */
const SNAPSHOT_LIFE_MS = 45_000;

/** Leaves this process's metrics in the store, now and every 15 s, until stopped: then they go at once. */
export function shareMetrics(options: SharingOptions): { stop(): Promise<void> } {
  const { registry, labels, store, onError, everyMs = EVERY_MS } = options;
  let isFailing = false;
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;
  const turn = async (): Promise<void> => {
    try {
      await store.write({ ...labels, metrics: await registry.getMetricsAsJSON() });
      isFailing = false;
    } catch (error) {
      if (!isFailing) onError(error);
      isFailing = true;
    }
    if (!isStopped) timer = setTimeout(start, everyMs);
  };
  const start = (): void => {
    running = turn();
  };
  let running = turn();
  return {
    stop: async () => {
      isStopped = true;
      clearTimeout(timer);
      await running;
      // Without an answer they go by themselves, so that the process need not end in disorder for it.
      await store.remove(labels.process).catch(onError);
    },
  };
}

/** Our metrics now and the other processes' of the last 45 s, in the text form of Prometheus. */
export async function readAllMetrics(options: Omit<SharingOptions, 'everyMs'>): Promise<string> {
  const { registry, labels, store, onError } = options;
  const own = (await registry.getMetricsAsJSON()) as Snapshot;
  let others: Snapshot[] = [];
  try {
    const found = await store.listOthers(labels.process, SNAPSHOT_LIFE_MS);
    others = found.map(({ metrics }) => metrics as Snapshot);
  } catch (error) {
    // Our own numbers are most wanted when something is unavailable.
    onError(error);
  }
  return AggregatorRegistry.aggregate([own, ...others].map(keepApart)).metrics();
}

/** Each series names its process, so that none is added to another; JSON has no NaN. */
const keepApart = (snapshot: Snapshot): object[] =>
  snapshot.map((metric) => ({
    ...metric,
    aggregator: 'first',
    values: metric.values.map((value) => ({ ...value, value: value.value ?? Number.NaN })),
  }));
