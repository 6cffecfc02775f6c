import type {
  ExternalRecording,
  ExternalRecordingListQuery,
  List,
  Match,
  MatchListQuery,
  NewExternalRecording,
} from '@callbay/contracts';
import type { JudgedMatches, LinkageLimits, LinkageParty, ScoredPair } from '@callbay/core';
import type { Actor } from '../ports.ts';

/** `judgeMatches` of core, given to the store that holds the locks. */
export type JudgeMatches = (
  records: readonly LinkageParty[],
  recordings: readonly LinkageParty[],
  isRefused: (recordId: string, recordingId: string) => boolean,
  limits: LinkageLimits,
  isDecidable: (pair: ScoredPair) => boolean,
) => JudgedMatches;

export interface LinkResult {
  /** The calls whose facts changed. */
  readonly callKeys: readonly string[];
  readonly matched: number;
  /** More waited at that time than are compared at once, so that only those nearest were. */
  readonly isCrowded: boolean;
}

/** Finding the recordings of records that name none. Source: C19, C20. */
export interface LinkageStore {
  /** Tenants with records or recordings that wait to be read or compared. */
  findTenantsToLink(): Promise<string[]>;
  /** Starts (epoch ms) around which something new waits to be compared; first reads the fields of what came since. */
  findDue(tenantId: string, limit: number): Promise<number[]>;
  /**
   * Compares the records and recordings that wait around an instant (epoch ms), links what `judge` is sure of as a
   * fact and keeps the rest as proposals, in one transaction. Running it again changes nothing.
   */
  linkAround(tenantId: string, startedAt: number, judge: JudgeMatches): Promise<LinkResult>;
  /** Tenants after an id, in order; null for the first ones. */
  listTenants(after: string | null, limit: number): Promise<string[]>;
  /**
   * Makes due what a lost mark, a new policy or a rival that disappeared left behind, of these tenants or with null of all.
   * Returns how many.
   */
  findForgotten(tenantIds: readonly string[] | null, limit: number): Promise<number>;
}

export interface ExternalRecordingStore {
  /**
   * Registers recordings that rest elsewhere, in the order given, and updates the fields of known ones. Registering
   * the same again changes nothing. Answers each, and whether it is new.
   */
  register(
    tenantId: string,
    items: readonly NewExternalRecording[],
    by: Actor,
  ): Promise<{ recording: ExternalRecording; isNew: boolean }[]>;
  /** Newest first; the cursor is a receive sequence. */
  listExternalRecordings(
    tenantId: string,
    query: ExternalRecordingListQuery,
  ): Promise<List<ExternalRecording>>;
}

export interface MatchStore {
  /** Newest first. */
  listMatches(tenantId: string, query: MatchListQuery): Promise<List<Match>>;
  /** Links the pair as a fact. Throws CONFLICT where one of the two has found another half or was refused before. */
  acceptMatch(tenantId: string, matchId: string, by: Actor): Promise<Match | null>;
  /** Never proposes the pair again. Throws CONFLICT where it is linked. */
  refuseMatch(tenantId: string, matchId: string, by: Actor): Promise<Match | null>;
}
