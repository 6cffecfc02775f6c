import { type ClockReading, judgeClocks } from '@callbay/core';
import type { BlobStore, PipelineLog } from '../ports.ts';
import { runForTenant } from '../sweeps/each-tenant.ts';
import type { SweepStore } from '../sweeps/ports.ts';
import type { Deletion, RetentionStore } from './ports.ts';

export interface DataRetentionDeps {
  readonly retention: RetentionStore;
  readonly sweeps: Pick<SweepStore, 'readClock'>;
  readonly blobs: Pick<BlobStore, 'remove'>;
  readonly log: PipelineLog;
}

/** Calls of one transaction, transactions of one tenant in one sweep, and tenants of one page. */
const BATCH = 200;
const BATCHES_OF_TENANT = 100;
const TENANTS = 500;

/**
 * Removes calls that are older than their tenant keeps them, and what came late for such calls; stops where clocks
 * disagree. What one tenant has beyond 20,000 calls waits for the next sweep. Bytes go after their commit: what a crash
 * leaves is an orphan, which its own sweep removes. Answers how many calls are gone. Source: E5.
 */
export async function sweepDataRetention(
  { retention, sweeps, blobs, log }: DataRetentionDeps,
  clocks: Omit<ClockReading, 'databaseMs'>,
): Promise<number> {
  const reading = { ...clocks, databaseMs: (await sweeps.readClock()).getTime() };
  const doubt = judgeClocks(reading);
  if (doubt) {
    log.error({ code: 'CLOCKS_DISAGREE', ...reading }, `no call is deleted: ${doubt}`);
    return 0;
  }
  const deleteAll = async (tenantId: string, next: () => Promise<Deletion>): Promise<number> => {
    let removed = 0;
    for (let n = 0; n < BATCHES_OF_TENANT; n += 1) {
      const deletion = await next();
      for (const blobKey of deletion.blobKeys) await blobs.remove(tenantId, blobKey);
      if (deletion.removed === 0) break;
      removed += deletion.removed;
    }
    return removed;
  };
  let deleted = 0;
  for (let after: string | null = null; ; ) {
    const tenantIds: readonly string[] = await retention.listTenants(after, TENANTS);
    for (const tenantId of tenantIds) {
      // What is left of the tenant's calls after a failure comes next time.
      await runForTenant(log, { tenantId }, 'calls could not be deleted', async () => {
        const removed = await deleteAll(tenantId, () => retention.deleteExpired(tenantId, BATCH));
        deleted += removed;
        await deleteAll(tenantId, () => retention.deleteLate(tenantId, BATCH));
        if (removed > 0) log.warn({ tenantId, removed }, 'calls were deleted by the data retention');
      });
    }
    if (tenantIds.length < TENANTS) return deleted;
    after = tenantIds.at(-1) ?? null;
  }
}
