import type { AlertStore } from '../alerts/ports.ts';
import { advanceCalls } from '../calls/advance-calls.ts';
import type { ReadWaitingDeps } from '../classify/read-waiting.ts';
import type { ImportCrmDeps } from '../crm/import-crm.ts';
import type { CrmQueue } from '../crm/ports.ts';
import type { LinkRecordsDeps } from '../linkage/link-records.ts';
import type { JobQueue } from '../ports.ts';
import type { RetentionStore } from '../retention/ports.ts';
import { type Slice, type SweepStore, WHOLE } from './ports.ts';

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

/** Rounds of one sweep: what is due again at once must not keep it busy for ever. */
const MAX_ROUNDS = 100;

/**
 * Advances every call of a slice whose facts changed and that no job came for, or whose time has come, round after round while
 * some tenant has more than a round takes.
 */
export async function sweepDueCalls(
  deps: SweepDeps,
  slice: Slice = WHOLE,
  signal?: AbortSignal,
): Promise<number> {
  let advanced = 0;
  for (let round = 0; round < MAX_ROUNDS && signal?.aborted !== true; round += 1) {
    const due = await deps.calls.findDue(BATCH, slice);
    for (const each of due) await advanceDue(deps, each);
    advanced += due.reduce((count, { callKeys }) => count + callKeys.length, 0);
    if (due.every(({ callKeys }) => callKeys.length < BATCH)) break;
  }
  return advanced;
}

/** One tenant's fault must not keep the others waiting, and its own other calls must not wait for those that failed. */
async function advanceDue(
  deps: SweepDeps,
  { tenantId, callKeys }: { readonly tenantId: string; readonly callKeys: string[] },
): Promise<void> {
  try {
    await advanceCalls(deps, { tenantId, callKeys });
  } catch (error) {
    deps.log.error({ err: error, tenantId, callKeys: callKeys.slice(0, 10) }, 'calls could not be advanced');
    await deps.calls.postpone(tenantId, callKeys, FAILED_AGAIN_MS);
  }
}
