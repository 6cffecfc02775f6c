import type { PipelineLog } from '../ports.ts';
import { runForTenant } from '../sweeps/each-tenant.ts';
import type { ReconciliationStore } from './ports.ts';

export interface ReconciliationSweepDeps {
  readonly reconciliations: ReconciliationStore;
  readonly log: PipelineLog;
}

const TENANTS = 200;
/** Days with files left over that are looked at again in one sweep. */
const LEFT_OVER = 2000;
const FAILED = 'a day could not be reconciled';

/** Stores the days that have ended, then looks again at those that had files left over. Returns how many days there were. */
export async function sweepReconciliations(deps: ReconciliationSweepDeps): Promise<number> {
  const { reconciliations, log } = deps;
  const leftOver: { tenantId: string; day: string }[] = [];
  let days = 0;
  for (let after: string | null = null; ; ) {
    const tenantIds: readonly string[] = await reconciliations.listTenants(after, TENANTS);
    for (const tenantId of tenantIds) {
      await runForTenant(log, { tenantId }, FAILED, async () => {
        const found = await reconciliations.findUnreconciled(tenantId);
        if (found === null) return;
        for (const day of found.missing) await reconcile(deps, tenantId, day);
        days += found.missing.length;
        leftOver.push(...found.leftOver.map((day) => ({ tenantId, day })));
      });
    }
    after = tenantIds.at(-1) ?? null;
    if (tenantIds.length < TENANTS) break;
  }
  for (const { tenantId, day } of leftOver.slice(0, LEFT_OVER)) await reconcile(deps, tenantId, day);
  return days + Math.min(leftOver.length, LEFT_OVER);
}

/** A day that fails keeps none of the tenant's others. */
async function reconcile(
  { reconciliations, log }: ReconciliationSweepDeps,
  tenantId: string,
  day: string,
): Promise<void> {
  await runForTenant(log, { tenantId, day }, FAILED, async () => {
    const found = await reconciliations.reconcile(tenantId, day);
    if (found === null) return;
    if (!found.isBalanced) {
      const { received, unaccounted } = found.counts;
      log.error({ tenantId, day, received, unaccounted }, 'files of a day are unaccounted for');
    }
    await reconciliations.saveReconciliation(tenantId, found);
  });
}
