import type { CallDecision, CallFacts, CallPolicies } from '@callbay/core';

/** Decides calls from their facts: `decideCalls` of core, given to the store that holds the locks. */
export type Decide = (facts: readonly CallFacts[], policies: CallPolicies) => CallDecision[];

export interface AdvanceResult {
  /** Calls that became visible just now. */
  readonly surfaced: number;
  /** Revisions added to visible calls just now. */
  readonly updated: number;
  /** Seconds from the later receivedAt of a call's pair to its surfacing, one for each. */
  readonly surfacingSeconds: readonly number[];
}

export interface CallStore {
  /**
   * Locks the keys and all that their facts touch, in sorted order; loads the facts; saves what `decide` answers,
   * with revisions, file outcomes, steps and outbox rows, in one transaction. Running it again changes nothing.
   * At most 500 keys at once.
   */
  advance(tenantId: string, callKeys: readonly string[], decide: Decide): Promise<AdvanceResult>;
  /** Keys whose due time has come, oldest first, of any tenant. */
  findDue(limit: number): Promise<{ tenantId: string; callKeys: string[] }[]>;
}
