import { foldAlerts, isHourSuspicious, judgeAlerts } from '@callbay/core';
import type { PipelineLog } from '../ports.ts';
import { askForTenants, runForTenant } from '../sweeps/each-tenant.ts';
import type { AlertStore, WatchedTenant } from './ports.ts';

export interface AlertSweepDeps {
  readonly alerts: AlertStore;
  readonly log: PipelineLog;
}

const PAGE = 100;
const FAILED = 'alerts could not be judged';

/** Opens, updates and resolves the alerts of every tenant. Answers how many tenants were looked at. */
export async function sweepAlerts({ alerts, log }: AlertSweepDeps): Promise<number> {
  let seen = 0;
  for (let after: string | null = null; ; ) {
    const tenantIds: readonly string[] = await alerts.listTenants(after, PAGE);
    const found = await askForTenants(log, tenantIds, FAILED, (ids) => alerts.readFacts(ids));
    for (const tenant of found) {
      const { tenantId } = tenant;
      await runForTenant(log, { tenantId }, FAILED, () => judgeTenant(alerts, tenant));
    }
    seen += tenantIds.length;
    after = tenantIds.at(-1) ?? null;
    if (tenantIds.length < PAGE) return seen;
  }
}

async function judgeTenant(alerts: AlertStore, { tenantId, at, facts, open }: WatchedTenant): Promise<void> {
  // A week of files is counted only where the last hour makes it worth it.
  const weekBefore = isHourSuspicious(facts.lastHour)
    ? await alerts.readWeekBefore(tenantId)
    : facts.weekBefore;
  const findings = judgeAlerts({ ...facts, weekBefore }, at.getTime(), (kind) =>
    open.some((alert) => alert.kind === kind),
  );
  const changes = foldAlerts(open, findings);
  if (changes.toOpen.length + changes.toUpdate.length + changes.toResolve.length === 0) return;
  await alerts.saveChanges(tenantId, changes);
}
