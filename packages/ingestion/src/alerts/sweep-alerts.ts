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

/**
 * Opens, updates and resolves the alerts of every tenant. A tenant with nothing to be alerted to costs a few looks at
 * indexes. Answers how many tenants were judged.
 */
export async function sweepAlerts(deps: AlertSweepDeps): Promise<number> {
  const { alerts, log } = deps;
  let seen = 0;
  for (let after: string | null = null; ; ) {
    const tenantIds: readonly string[] = await findTenants(deps, after);
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

/** Where one tenant's rows make the question fail, every tenant is judged, so that only that one goes without. */
async function findTenants({ alerts, log }: AlertSweepDeps, after: string | null): Promise<string[]> {
  try {
    return await alerts.findTenantsToJudge(after, PAGE);
  } catch (error) {
    log.warn({ err: error }, 'tenants to alert could not be told from others: all are judged');
    return alerts.listTenants(after, PAGE);
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
