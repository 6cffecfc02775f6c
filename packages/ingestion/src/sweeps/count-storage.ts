import type { PipelineLog } from '../ports.ts';
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
    try {
      await sweeps.countStored(tenantId);
    } catch (error) {
      // One tenant's fault must not keep the others uncounted; it goes on by its last count.
      log.error({ err: error, tenantId }, 'stored bytes could not be counted');
    }
  }
  return tenantIds.length;
}
