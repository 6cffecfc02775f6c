import { foldAlerts, isHourSuspicious, judgeAlerts } from '@callbay/core';
import type { PipelineLog } from '../ports.ts';
import type { AlertStore, WatchedTenant } from './ports.ts';

export interface AlertSweepDeps {
  readonly alerts: AlertStore;
  readonly log: PipelineLog;
}

const PAGE = 100;

/** Opens, updates and resolves the alerts of every tenant. Answers how many tenants were looked at. */
export async function sweepAlerts({ alerts, log }: AlertSweepDeps): Promise<number> {
  let seen = 0;
  for (let after = ''; ; ) {
    const { now, tenants } = await alerts.readFacts(after, PAGE);
    for (const tenant of tenants) {
      try {
        await judgeTenant(alerts, tenant, now.getTime());
      } catch (error) {
        // A failure for one tenant must not stop the alerts of the others.
        log.error({ err: error, tenantId: tenant.tenantId }, 'alerts could not be judged');
      }
    }
    seen += tenants.length;
    const last = tenants.at(-1);
    if (last === undefined || tenants.length < PAGE) return seen;
    after = last.tenantId;
  }
}

async function judgeTenant(
  alerts: AlertStore,
  { tenantId, facts, open }: WatchedTenant,
  nowMs: number,
): Promise<void> {
  // A week of files is counted only where the last hour makes it worth it.
  const weekBefore = isHourSuspicious(facts.lastHour)
    ? await alerts.readWeekBefore(tenantId)
    : facts.weekBefore;
  const findings = judgeAlerts({ ...facts, weekBefore }, nowMs, (kind) =>
    open.some((alert) => alert.kind === kind),
  );
  const changes = foldAlerts(open, findings);
  if (changes.toOpen.length + changes.toUpdate.length + changes.toResolve.length === 0) return;
  await alerts.saveChanges(tenantId, changes);
}
