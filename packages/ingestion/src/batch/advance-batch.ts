import { CallbayError } from '@callbay/core';
import { type AdvanceCallsDeps, advanceCalls, advanceInChunks } from '../calls/advance-calls.ts';
import type { PipelineLog } from '../ports.ts';
import { workForEachTenant } from '../sweeps/each-tenant.ts';
import type { BatchStore } from './ports.ts';

export interface AdvanceBatchDeps extends AdvanceCallsDeps {
  readonly batches: BatchStore;
  readonly log: PipelineLog;
}

/** Rows whose calls share one transaction. */
const CHUNK_ROWS = 500;
/** Bytes of the batch's file that these rows take, by the average of all its rows. */
const CHUNK_BYTES = 4 * 1024 * 1024;
/** Chunks under way at once: some wait for the database while another decides. */
const LANES = 5;
/** Chunks of a slice: lanes that are through with theirs take the next, and wait for each other only at its end. */
const CHUNKS = 20;
const BATCHES_AT_ONCE = 20;
const EXPIRED_AT_ONCE = 500;

const SLICE = { chunks: CHUNKS, rows: CHUNK_ROWS, bytes: CHUNK_BYTES };

/**
 * Advances the calls of a batch's next rows that nobody else is at; answers whether there were any. Several processes may
 * do so with one batch: each claims slices of its own. Advancing the same rows twice changes nothing.
 */
export async function advanceBatch(
  deps: AdvanceBatchDeps,
  { tenantId, fileId }: { tenantId: string; fileId: string },
): Promise<boolean> {
  const slice = await deps.batches.claimSlice(tenantId, fileId, SLICE);
  if (slice === null) return false;
  const rest = slice.chunks.values();
  const errors: unknown[] = [];
  const lane = async (): Promise<void> => {
    for (const callKeys of rest) {
      try {
        await advanceCalls(deps, { tenantId, callKeys });
      } catch (error) {
        errors.push(error);
      }
      await deps.batches.keepPlansGood();
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  const away = errors.find((error) => error instanceof CallbayError && error.retryable);
  if (away !== undefined) {
    await deps.batches.releaseSlice(tenantId, fileId, slice);
    throw away;
  }
  if (errors.length > 0) {
    // One call that cannot be decided must not keep the rest of the batch waiting: the sweep of due calls is left with it.
    deps.log.error({ err: errors[0], tenantId, fileId }, 'rows of a batch could not be advanced');
    await deps.batches.leaveUndecided(tenantId, fileId, slice);
  }
  await deps.batches.finishSlice(tenantId, fileId, slice);
  return true;
}

/**
 * Goes on with every batch that has rows left, one slice of each in turn, so that a long one does not keep another
 * tenant's waiting. Answers how many slices there were.
 */
export async function sweepBatches(deps: AdvanceBatchDeps): Promise<number> {
  const failed = new Set<string>();
  for (let slices = 0; ; ) {
    const open = await deps.batches.findUnadvanced(BATCHES_AT_ONCE, [...failed]);
    if (open.length === 0) return slices;
    for (const batch of open) {
      try {
        await advanceBatch(deps, batch);
      } catch (error) {
        // The next sweep tries it again; the others must not wait for it.
        failed.add(batch.fileId);
        deps.log.error({ err: error, ...batch }, 'rows of a batch could not be advanced');
      }
      slices += 1;
    }
  }
}

/** Ends rows that found no recording within 7 days of their arrival. Answers how often. */
export const sweepExpiredRows = (deps: AdvanceBatchDeps): Promise<number> =>
  workForEachTenant({
    log: deps.log,
    failure: 'rows that found no recording could not be ended',
    find: (exceptTenantIds) => deps.batches.findExpiredRows(EXPIRED_AT_ONCE, exceptTenantIds),
    work: async (expired) => {
      const callKeys = await deps.batches.expireRows(expired);
      // One part after another: rows name more calls than one transaction may hold.
      await advanceInChunks(deps, { tenantId: expired.tenantId, callKeys });
      return true;
    },
  });
