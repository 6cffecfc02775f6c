import { CallbayError } from '@callbay/core';
import { type AdvanceCallsDeps, advanceCalls } from '../calls/advance-calls.ts';
import type { PipelineLog } from '../ports.ts';
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
/** The next sweep goes on. */
const EXPIRED_TURNS = 200;

/**
 * Advances the calls of a batch's next rows, from where the last one who did this stopped; answers whether rows are
 * left. Running it twice, or in two processes, changes nothing.
 */
export async function advanceBatch(
  deps: AdvanceBatchDeps,
  { tenantId, fileId }: { tenantId: string; fileId: string },
): Promise<boolean> {
  const chunks = await deps.batches.findRowsToAdvance(tenantId, fileId, {
    chunks: CHUNKS,
    rows: CHUNK_ROWS,
    bytes: CHUNK_BYTES,
  });
  const rest = chunks.values();
  const errors: unknown[] = [];
  const lane = async (): Promise<void> => {
    for (const { callKeys } of rest) {
      try {
        await advanceCalls(deps, { tenantId, callKeys });
      } catch (error) {
        errors.push(error);
      }
      await deps.batches.keepPlansGood();
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  const lastRow = chunks.at(-1)?.lastRow ?? null;
  const away = errors.find((error) => error instanceof CallbayError && error.retryable);
  if (away !== undefined) throw away;
  if (errors.length > 0) {
    // One call that cannot be decided must not keep the rest of the batch waiting: the sweep of due calls is left with it.
    deps.log.error({ err: errors[0], tenantId, fileId }, 'rows of a batch could not be advanced');
    await deps.batches.leaveUndecided(tenantId, fileId, lastRow ?? 0);
  }
  await deps.batches.markAdvanced(tenantId, fileId, lastRow);
  return lastRow !== null;
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

/** Ends rows that found no recording within 7 days of their arrival, as many as one batch may hold. Answers how often. */
export async function sweepExpiredRows(deps: AdvanceBatchDeps): Promise<number> {
  for (let turn = 0; turn < EXPIRED_TURNS; turn += 1) {
    const ended = await deps.batches.expireRows(EXPIRED_AT_ONCE);
    if (ended.length === 0) return turn;
    for (const calls of ended) await advanceCalls(deps, calls);
  }
  return EXPIRED_TURNS;
}
