import type { CallDecision, CallFacts, CallPolicies } from '@callbay/core';
import type { FileFacts } from '../classify/ports.ts';
import type { Slice } from '../sweeps/ports.ts';

/** Decides calls from their facts: `decideCalls` of core, given to the store that holds the locks. */
export type Decide = (facts: readonly CallFacts[], policies: CallPolicies) => CallDecision[];

export interface AdvanceResult {
  /** Calls that became visible just now. */
  readonly surfaced: number;
  /** Revisions added to visible calls just now. */
  readonly updated: number;
  /** Seconds from the later receivedAt of a call's pair to its surfacing, one for each. */
  readonly surfacingSeconds: readonly number[];
  /** Keys of other calls that are to be advanced now: they waited for a file that has just been read. */
  readonly wakes: readonly string[];
}

/** A file and what reading it found. */
export interface ReadFile {
  readonly fileId: string;
  /** The stem it was received under: the facts may say another one. */
  readonly stem: string;
  readonly facts: FileFacts;
}

export interface CallStore {
  /**
   * Locks the keys and all that their facts touch, in sorted order; loads the facts; saves what `decide` answers,
   * with revisions, file outcomes, steps and outbox rows, in one transaction. Running it again changes nothing.
   * At most 500 keys at once.
   */
  advance(tenantId: string, callKeys: readonly string[], decide: Decide): Promise<AdvanceResult>;
  /**
   * The same for the calls that these files touch, after storing the files' facts, all in one transaction: it stores all of
   * it or nothing. A file that has been read already is passed over. At most 500 files at once.
   */
  saveFactsAndAdvance(tenantId: string, read: readonly ReadFile[], decide: Decide): Promise<AdvanceResult>;
  /** Keys of a slice (all unless given) whose due time has come, oldest first: at most `limit` (500 at most) of each tenant. */
  findDue(limit: number, slice?: Slice): Promise<{ tenantId: string; callKeys: string[] }[]>;
  /** Has those of the calls that are still due come due later. */
  postpone(tenantId: string, callKeys: readonly string[], byMs: number): Promise<void>;
}
