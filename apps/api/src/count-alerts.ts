import type { createApiStores } from '@callbay/postgres';
import type { Logger, Metrics } from '@callbay/runtime';

export interface CountAlertsDeps {
  readonly alerts: Pick<ReturnType<typeof createApiStores>['alerts'], 'countOpen'>;
  readonly gauge: Metrics['alertsOpen'];
  readonly logger: Pick<Logger, 'warn'>;
}

/** Sets the gauge to the alerts open now, by kind. Where they cannot be counted it keeps its last values. */
export async function countAlerts({ alerts, gauge, logger }: CountAlertsDeps): Promise<void> {
  try {
    const open = await alerts.countOpen();
    gauge.reset();
    for (const { kind, count } of open) gauge.set({ kind }, count);
  } catch (err) {
    // The other metrics are needed most when the database is unavailable.
    logger.warn({ err }, 'open alerts could not be counted');
  }
}
