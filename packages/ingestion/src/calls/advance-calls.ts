import { CallbayError, decideCalls } from '@callbay/core';
import type { PipelineMetrics } from '../ports.ts';
import type { CallStore } from './ports.ts';

export interface AdvanceCallsDeps {
  readonly calls: CallStore;
  readonly metrics: PipelineMetrics;
}

/**
 * Brings calls to the state that follows from their facts. Running it twice changes nothing. Calls that cannot be decided
 * together are decided in halves: one that none can decide keeps no other waiting, and many facts may be too many at once.
 */
export async function advanceCalls(
  deps: AdvanceCallsDeps,
  { tenantId, callKeys }: { tenantId: string; callKeys: readonly string[] },
): Promise<void> {
  try {
    const result = await deps.calls.advance(tenantId, callKeys, decideCalls);
    if (result.surfaced > 0) deps.metrics.surfaced(tenantId, result.surfacingSeconds);
    if (result.updated > 0) deps.metrics.updated(tenantId, result.updated);
  } catch (error) {
    if (callKeys.length < 2 || (error instanceof CallbayError && error.retryable)) throw error;
    const middle = Math.ceil(callKeys.length / 2);
    const halves = [callKeys.slice(0, middle), callKeys.slice(middle)];
    const ends = await Promise.allSettled(
      halves.map((half) => advanceCalls(deps, { tenantId, callKeys: half })),
    );
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }
}
