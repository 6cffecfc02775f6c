import { CallbayError, decideCalls } from '@callbay/core';
import type { PipelineMetrics } from '../ports.ts';
import type { AdvanceResult, CallStore } from './ports.ts';

export interface AdvanceCallsDeps {
  readonly calls: CallStore;
  readonly metrics: PipelineMetrics;
}

/** Calls of one transaction. */
const CHUNK = 500;
/** Calls that wake each other are advanced together: a chain so long is left to the sweep of due calls. */
const MAX_TURNS = 20;

/**
 * Brings calls to the state that follows from their facts. Running it twice changes nothing. Calls that cannot be
 * decided together are decided in halves: one failing call does not block the rest, and half the facts may fit where all
 * did not.
 */
export async function advanceCalls(
  deps: AdvanceCallsDeps,
  { tenantId, callKeys }: { tenantId: string; callKeys: readonly string[] },
): Promise<void> {
  let keys = callKeys;
  for (let turn = 0; keys.length > 0 && turn < MAX_TURNS; turn += 1) {
    keys = await advanceOnce(deps, tenantId, keys);
  }
}

/** The same for any number of calls. */
export async function advanceInChunks(
  deps: AdvanceCallsDeps,
  { tenantId, callKeys }: { tenantId: string; callKeys: readonly string[] },
): Promise<void> {
  for (let from = 0; from < callKeys.length; from += CHUNK) {
    await advanceCalls(deps, { tenantId, callKeys: callKeys.slice(from, from + CHUNK) });
  }
}

/** Answers the keys that are to be advanced once more, now that records are linked to other calls. */
async function advanceOnce(
  deps: AdvanceCallsDeps,
  tenantId: string,
  callKeys: readonly string[],
): Promise<readonly string[]> {
  try {
    const result = await deps.calls.advance(tenantId, callKeys, decideCalls);
    tellAdvance(deps, tenantId, result);
    return result.wakes.slice(0, CHUNK);
  } catch (error) {
    if (callKeys.length < 2 || (error instanceof CallbayError && error.retryable)) throw error;
    const middle = Math.ceil(callKeys.length / 2);
    // One after the other: where the facts were too large for one transaction, both halves at once are, too.
    const errors: unknown[] = [];
    for (const half of [callKeys.slice(0, middle), callKeys.slice(middle)]) {
      await advanceCalls(deps, { tenantId, callKeys: half }).catch((reason: unknown) => errors.push(reason));
    }
    if (errors.length > 0) throw errors[0];
    return [];
  }
}

export function tellAdvance({ metrics }: AdvanceCallsDeps, tenantId: string, result: AdvanceResult): void {
  if (result.surfaced > 0) metrics.surfaced(tenantId, result.surfacingSeconds);
  if (result.updated > 0) metrics.updated(tenantId, result.updated);
}
