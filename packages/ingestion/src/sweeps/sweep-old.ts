import type { AlertStore } from '../alerts/ports.ts';
import type { PipelineLog } from '../ports.ts';
import { countOnTenants } from './each-tenant.ts';
import type { SweepStore } from './ports.ts';

export interface OldAlertsDeps {
  readonly alerts: Pick<AlertStore, 'listTenants' | 'trimAlerts'>;
  readonly log: PipelineLog;
}

/** Removes alerts and digests that are over. Answers how many; as many as `limit` means that there may be more. */
export const sweepOldAlerts = ({ alerts, log }: OldAlertsDeps, limit: number): Promise<number> =>
  countOnTenants({
    log,
    failure: 'old alerts could not be removed',
    listTenants: alerts.listTenants,
    work: (tenantIds) => alerts.trimAlerts(tenantIds, limit),
  });

export interface OldEventsDeps {
  readonly sweeps: Pick<SweepStore, 'listTenants' | 'trimEvents'>;
  readonly log: PipelineLog;
}

/** The same of events. */
export const sweepOldEvents = ({ sweeps, log }: OldEventsDeps, limit: number): Promise<number> =>
  countOnTenants({
    log,
    failure: 'old events could not be removed',
    listTenants: sweeps.listTenants,
    work: (tenantIds) => sweeps.trimEvents(tenantIds, limit),
  });
