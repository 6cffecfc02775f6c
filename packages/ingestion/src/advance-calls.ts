import { decideCalls } from '@callbay/core';
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

/** Brings calls to the state that follows from their facts. Running it twice changes nothing. */
export async function advanceCalls(
  { calls, metrics }: AdvanceCallsDeps,
  { tenantId, callKeys }: { tenantId: string; callKeys: readonly string[] },
): Promise<void> {
  const result = await calls.advance(tenantId, callKeys, decideCalls);
  if (result.surfaced > 0) metrics.surfaced(tenantId, result.surfacingSeconds);
  if (result.updated > 0) metrics.updated(tenantId, result.updated);
}
