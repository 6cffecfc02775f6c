import { type ClockReading, judgeClocks } from '@callbay/core';
import type { BlobStore, PipelineLog } from '../ports.ts';
import { runForTenant } from './each-tenant.ts';
import type { SweepStore } from './ports.ts';

export interface OrphanSweepDeps {
  readonly sweeps: Pick<SweepStore, 'findOrphans' | 'readClock' | 'removeOrphans'>;
  readonly blobs: Pick<BlobStore, 'list' | 'readClock' | 'remove'>;
  readonly log: PipelineLog;
}

const ORPHAN_AFTER_MS = 24 * 60 * 60 * 1000;
/** What a crash leaves is found within this time of its upload's beginning; a listing of more is long where much is stored. */
const RECENT_MS = 4 * ORPHAN_AFTER_MS;
const HOUR_MS = 60 * 60 * 1000;
/** In one hour of the day all bytes are listed: those of purges that a crash broke off, and ids that hold no time. */
const HOURS_OF_DAY = 24;

/** What need not be listed at this time; undefined: all is. */
function listSince(nowMs: number): Date | undefined {
  const isWhole = Math.floor(nowMs / HOUR_MS) % HOURS_OF_DAY === 0;
  return isWhole ? undefined : new Date(nowMs - RECENT_MS);
}

/** Bytes that are removed under one lock, during which the tenant's uploads wait. */
const BATCH = 100;

/**
 * Removes bytes that no file and no call refers to: a crash left them between two steps. Bytes that are younger than a
 * day by any clock are never touched, and nothing is where the clocks disagree. Resolves to how many were removed.
 */
export async function sweepOrphans(
  deps: OrphanSweepDeps,
  clocks: Omit<ClockReading, 'databaseMs'>,
): Promise<number> {
  const { sweeps, blobs, log } = deps;
  const reading = { ...clocks, databaseMs: (await sweeps.readClock()).getTime() };
  const doubt = judgeClocks(reading);
  if (doubt) {
    log.error({ code: 'CLOCKS_DISAGREE', ...reading }, `no bytes are removed: ${doubt}`);
    return 0;
  }
  const oldestNowMs = Math.min(reading.hostMs, reading.databaseMs, (await blobs.readClock()).getTime());
  let removed = 0;
  let batch: { tenantId: string; keys: string[] } = { tenantId: '', keys: [] };
  const flush = async (): Promise<void> => {
    if (batch.keys.length > 0) removed += await removeOrphans(deps, batch.tenantId, batch.keys);
  };
  const since = listSince(oldestNowMs);
  for await (const { tenantId, key, modifiedAt } of blobs.list(since === undefined ? {} : { since })) {
    if (oldestNowMs - modifiedAt.getTime() < ORPHAN_AFTER_MS) continue;
    if (tenantId !== batch.tenantId || batch.keys.length >= BATCH) {
      await flush();
      batch = { tenantId, keys: [] };
    }
    batch.keys.push(key);
  }
  await flush();
  return removed;
}

async function removeOrphans(
  { sweeps, blobs, log }: OrphanSweepDeps,
  tenantId: string,
  keys: readonly string[],
): Promise<number> {
  let removed = 0;
  await runForTenant(log, { tenantId }, 'orphaned bytes could not be removed', async () => {
    // Nearly always there are none, and then no upload has to wait.
    const orphans = await sweeps.findOrphans(tenantId, keys);
    if (orphans.length === 0) return;
    removed = await sweeps.removeOrphans(tenantId, orphans, (key) => blobs.remove(tenantId, key));
  });
  return removed;
}
