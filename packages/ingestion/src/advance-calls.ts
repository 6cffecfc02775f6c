import { CallbayError, decideCalls } from '@callbay/core';
import type { CallStore } from './call-ports.ts';

/** What the use cases tell of themselves; kept apart from any metrics library. */
export interface PipelineMetrics {
  surfaced(tenantId: string, surfacingSeconds: readonly number[]): void;
  updated(tenantId: string, count: number): void;
}

/** Where the use cases tell what an operator should look at: pino's shape, no more of it than is used. */
export interface PipelineLog {
  warn(detail: object, message: string): void;
  error(detail: object, message: string): void;
}

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
