import type { PipelineLog } from '../ports.ts';
import { runForTenant } from './each-tenant.ts';
import type { SweepStore } from './ports.ts';

export interface CountStorageDeps {
  readonly sweeps: Pick<SweepStore, 'findUncounted' | 'countStored'>;
  readonly log: PipelineLog;
}

const TENANTS = 100;

/** Counts anew what tenants with a quota store. Resolves to how many were counted. */
export async function countStorage({ sweeps, log }: CountStorageDeps): Promise<number> {
  const tenantIds = await sweeps.findUncounted(TENANTS);
  for (const tenantId of tenantIds) {
    // A tenant that cannot be counted goes on by its last count.
    await runForTenant(log, { tenantId }, 'stored bytes could not be counted', () =>
      sweeps.countStored(tenantId),
    );
  }
  return tenantIds.length;
}
