import type { BlobStore } from '@callbay/ingestion';
import type { createApiStores } from '@callbay/postgres';
import type { Logger, Metrics } from '@callbay/runtime';

export interface CountDatabaseDeps {
  readonly stores: Pick<ReturnType<typeof createApiStores>, 'alerts' | 'events' | 'operations'>;
  readonly metrics: Metrics;
  readonly blobs: Pick<BlobStore, 'readSpace'>;
  readonly logger: Pick<Logger, 'warn'>;
}

/** Sets the gauges that are read when somebody scrapes. What cannot be read keeps its last values. */
export async function countDatabase({ stores, metrics, blobs, logger }: CountDatabaseDeps): Promise<void> {
  const count = async (what: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (err) {
      // The other metrics are needed most when the database is unavailable.
      logger.warn({ err, what }, 'metrics could not be counted');
    }
  };
  await count('alerts', async () => {
    const open = await stores.alerts.countOpen();
    metrics.alertsOpen.reset();
    for (const { kind, count: alerts } of open) metrics.alertsOpen.set({ kind }, alerts);
  });
  await count('files', async () => {
    const gauges = await stores.operations.readGauges();
    metrics.openFiles.reset();
    for (const { state, count: files } of gauges.openFiles) metrics.openFiles.set({ state }, files);
    metrics.recentFiles.reset();
    for (const { code, count: files } of gauges.recentFiles) metrics.recentFiles.set({ code }, files);
    metrics.backlogAgeSeconds.set(gauges.backlogAgeSeconds);
    metrics.storedBytes.set(gauges.storedBytes);
  });
  await count('events', async () => {
    const lags = await stores.events.readLags();
    for (const gauge of [metrics.eventLagSeconds, metrics.eventLagEvents]) gauge.reset();
    for (const { consumer, seconds, events } of lags) {
      metrics.eventLagSeconds.set({ consumer }, seconds);
      metrics.eventLagEvents.set({ consumer }, events);
    }
  });
  await count('disk', async () => {
    const space = await blobs.readSpace();
    if (space !== null) metrics.diskFreeBytes.set(space.freeBytes);
  });
}
