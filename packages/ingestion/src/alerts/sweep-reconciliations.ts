import type { PipelineLog } from '../ports.ts';
import type { ReconciliationStore } from './ports.ts';

export interface ReconciliationSweepDeps {
  readonly reconciliations: ReconciliationStore;
  readonly log: PipelineLog;
}

/** A thousand tenants end their day in the same minute. */
const BATCH = 2000;

/** Stores the days that have ended, and looks again at those that had files left over. Answers how many. */
export async function sweepReconciliations(deps: ReconciliationSweepDeps): Promise<number> {
  const { reconciliations, log } = deps;
  const days = await reconciliations.findUnreconciled(BATCH);
  for (const { tenantId, day } of days) {
    try {
      const found = await reconciliations.reconcile(tenantId, day);
      if (found === null) continue;
      if (!found.isBalanced) {
        const { received, unaccounted } = found.counts;
        log.error({ tenantId, day, received, unaccounted }, 'files of a day are unaccounted for');
      }
      await reconciliations.saveReconciliation(tenantId, found);
    } catch (error) {
      log.error({ err: error, tenantId, day }, 'a day could not be reconciled');
    }
  }
  return days.length;
}
