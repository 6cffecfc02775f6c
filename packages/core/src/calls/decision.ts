import type { Issue } from '../issue.ts';
import type { FieldValue } from '../mapping/field-mapping.ts';
import type { FileState, Outcome, OutcomeCode } from '../outcomes.ts';
import type { Policy } from '../policy.ts';
import type { RecordingFact } from './call-facts.ts';

/** By what a call's facts are judged. Every time in a fact is its own: only the stage is of today. */
export interface CallPolicies {
  /**
   * When versions came into force, in their order: at least those in force when facts that are still open came. Absent where
   * no fact is older than `current`. Epoch milliseconds.
   */
  readonly published?: readonly { readonly version: number; readonly since: number }[] | undefined;
  /** Judges the facts that are open. */
  readonly current: Policy;
  /** Judge the facts that ended under them. */
  readonly pinned: ReadonlyMap<number, Policy>;
  /** Complete calls surface: the tenant is live. */
  readonly isLive: boolean;
  /** Calls that started before this instant (epoch ms) do not surface; null for all. */
  readonly surfaceFrom: number | null;
  /**
   * Epoch ms of a decision at which some CRM file of the tenant is received and not finished; null or absent where none
   * is.
   */
  readonly crmPendingAt?: number | null | undefined;
}

/** What became of one recording (`row` null) or one record of a metadata file. */
export interface FileVerdict {
  readonly fileId: string;
  readonly row: number | null;
  readonly state: FileState;
  readonly outcome: Outcome;
  readonly warnings: readonly Issue[];
  readonly policyVersion: number;
}

/** What a call says at one revision. Instants are epoch ms. */
export interface CallContent {
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly direction: string | null;
  readonly user: string | null;
  readonly durationSeconds: number | null;
  readonly fields: Readonly<Record<string, FieldValue>>;
  readonly raw: Readonly<Record<string, string>>;
  readonly mappingVersion: number;
  readonly warnings: readonly Issue[];
}

export interface CallRevision {
  /** From 1. */
  readonly revision: number;
  /** The metadata file that made it, or the recording that went on. */
  readonly fileId: string;
  readonly row: number;
  /** Epoch ms of that file's receivedAt; of a replay, when it was asked for. */
  readonly receivedAt: number;
  readonly content: CallContent;
  /** Field to [old, new]; old is null throughout in revision 1. */
  readonly changed: Readonly<Record<string, readonly [FieldValue, FieldValue]>>;
}

export interface HoldReason {
  readonly code: OutcomeCode;
  readonly message: string;
  readonly field?: string;
  /** The matches among which a person has to choose. */
  readonly matchIds?: readonly string[];
}

/** Why a call is not visible, and what would release it. Instants are epoch ms. */
export interface Hold {
  readonly reasons: readonly HoldReason[];
  /** `operator`: a file that we could not read. */
  readonly waitingFor: 'metadata' | 'recording' | 'correction' | 'crm' | 'goLive' | 'operator';
  readonly since: number;
  /**
   * When the first of its files is purged, null where none ever is; when it ends by itself, of a wait for CRM files.
   */
  readonly until: number | null;
  readonly fileIds: readonly string[];
}

/** All that follows from a call's facts. */
export interface CallDecision {
  readonly callKey: string;
  readonly status: 'empty' | 'held' | 'ready' | 'surfaced' | 'deleted';
  readonly verdicts: readonly FileVerdict[];
  /** The recording of a complete call: its newest version. */
  readonly recording: RecordingFact | null;
  /** The version that completed the call. */
  readonly firstRecording: RecordingFact | null;
  /** Every revision of a complete call, from the first. */
  readonly revisions: readonly CallRevision[];
  /** Epoch ms: metadata received up to here, inclusive, may change the call. */
  readonly updatesUntil: number | null;
  readonly hold: Hold | null;
  /** The unread file, by its place in the fold, that later facts of this call wait for. */
  readonly waitsForSeq: number | null;
  /** Epoch ms at which time alone changes the decision: the end of the wait for CRM files. */
  readonly changesAt: number | null;
  /** Recordings of other stems whose metadata names this call's recording instead. */
  readonly conflictingRecordings: readonly string[];
}
