import { type ClockReading, judgeClocks } from '@callbay/core';
import type { AlertStore } from '../alerts/ports.ts';
import { advanceCalls } from '../calls/advance-calls.ts';
import type { ReadWaitingDeps } from '../classify/read-waiting.ts';
import type { ImportCrmDeps } from '../crm/import-crm.ts';
import type { CrmQueue } from '../crm/ports.ts';
import type { LinkRecordsDeps } from '../linkage/link-records.ts';
import type { JobQueue } from '../ports.ts';
import type { RetentionStore } from '../retention/ports.ts';
import { workForEachTenant } from './each-tenant.ts';
import type { SweepStore } from './ports.ts';

export interface SweepDeps extends ReadWaitingDeps, ImportCrmDeps, LinkRecordsDeps {
  readonly queue: JobQueue & CrmQueue;
  readonly retention: RetentionStore;
  readonly sweeps: SweepStore;
  readonly alerts: AlertStore;
}

const BATCH = 500;
/** Lanes of tenants that are woken at once. */
const LANES = 10_000;
/** A call that cannot be decided is tried again this much later. */
const FAILED_AGAIN_MS = 30_000;
const REREADS = 100;
/** A job in good health reads a file well before this: what is older has lost its job. */
export const UNREAD_AFTER_MS = 10_000;

/** Sounds the alarm again for files that nobody has read: the queue may have lost it. Answers for how many lanes. */
export async function sweepUnreadFiles({ files, queue }: SweepDeps): Promise<number> {
  const unread = await files.findUnread(UNREAD_AFTER_MS, LANES);
  await queue.wakeManyReaders(unread);
  return unread.length;
}

/** Has files read again that were set aside a while ago. Answers how many. */
export async function sweepRereads({ files, queue }: SweepDeps): Promise<number> {
  const tenants = await files.reopenSetAside(REREADS);
  await queue.wakeManyReaders(tenants.map((tenantId) => ({ tenantId, lane: 'alone' })));
  return tenants.length;
}

/** Advances every call whose facts changed and that no job came for, or whose time has come. */
export async function sweepDueCalls(deps: SweepDeps): Promise<number> {
  const due = await deps.calls.findDue(BATCH);
  for (const { tenantId, callKeys } of due) {
    try {
      await advanceCalls(deps, { tenantId, callKeys });
    } catch (error) {
      // One tenant's fault must not keep the others waiting, and its own other calls must not wait for those that failed.
      deps.log.error(
        { err: error, tenantId, callKeys: callKeys.slice(0, 10) },
        'calls could not be advanced',
      );
      await deps.calls.postpone(tenantId, callKeys, FAILED_AGAIN_MS);
    }
  }
  return due.reduce((count, { callKeys }) => count + callKeys.length, 0);
}

/**
 * Purges files whose 7 days are over, after warning of the unpaired ones a day before; stops, and
 * alerts, where clocks disagree. Source: C5, case 57.
 */
export async function sweepPurges(
  deps: SweepDeps,
  clocks: Omit<ClockReading, 'databaseMs'>,
): Promise<number> {
  const { sweeps, alerts, blobs, log } = deps;
  const reading = { ...clocks, databaseMs: (await sweeps.readClock()).getTime() };
  const doubt = judgeClocks(reading);
  await alerts.noteShared('CLOCKS_DISAGREE', doubt && `${doubt}.`);
  if (doubt) {
    log.error({ code: 'CLOCKS_DISAGREE', ...reading }, `nothing is purged: ${doubt}`);
    return 0;
  }
  await warnOfPurges(deps);
  return workForEachTenant({
    log,
    failure: 'files could not be purged',
    find: (exceptTenantIds) => sweeps.findExpiredFiles(BATCH, exceptTenantIds),
    work: async (file) => {
      const purged = await sweeps.purgeFile(file);
      if (purged?.blobKey != null) await blobs.remove(file.tenantId, purged.blobKey);
      return purged !== null;
    },
  });
}

async function warnOfPurges({ sweeps, log }: SweepDeps): Promise<void> {
  await workForEachTenant({
    log,
    failure: 'held files could not be warned of their purge',
    find: (exceptTenantIds) => sweeps.findPurgesToWarnOf(BATCH, exceptTenantIds),
    work: async ({ tenantId }) => {
      const warned = await sweeps.warnOfPurges(tenantId, BATCH);
      if (warned > 0) log.warn({ tenantId, warned }, 'held files will be purged within a day');
      return warned > 0;
    },
  });
}
