import type { CallContent, OutcomeCode, RecordToRead } from '@callbay/core';
import type { Actor } from '../ports.ts';

/** Filters that a replayed file or call must pass, all of them. */
export interface ReplaySelection {
  readonly code: OutcomeCode | null;
  readonly receivedFrom: Date | null;
  /** Exclusive. */
  readonly receivedTo: Date | null;
  readonly mappingVersion: number | null;
}

export interface FileToReplay {
  readonly fileId: string;
  readonly seq: number;
  /** Why it cannot be replayed, by its own code; null where it can. */
  readonly isReplayable: boolean;
  readonly code: string;
}

/** A rejected row of a batch. */
export interface RowToReplay {
  readonly fileId: string;
  readonly row: number;
  /** The receive sequence of its batch. */
  readonly seq: number;
  /** False where it is a row that nobody could read, that contradicts another, or whose time is over. */
  readonly isReplayable: boolean;
  readonly code: string;
}

/** A visible call, what it says now, and the record it says it by. */
export interface CallToReplay {
  readonly callKey: string;
  readonly callId: number;
  readonly current: Pick<
    CallContent,
    'fields' | 'startedAt' | 'endedAt' | 'direction' | 'user' | 'durationSeconds'
  >;
  /** Null where it is too large to be read here. */
  readonly record: RecordToRead | null;
}

/** Replays in bulk. Every method names its tenant, and none handles more than 500 at once. */
export interface BulkReplayStore {
  /** Held and rejected files after `after` in the receive order. */
  findFiles(
    tenantId: string,
    selection: ReplaySelection,
    after: number,
    limit: number,
  ): Promise<FileToReplay[]>;
  /**
   * Has files judged again by the newest policy: rejected ones at the end of the receive order, by their kept strings
   * where there are any, else read anew; held ones where they are. Answers the files to read.
   */
  replayFiles(
    tenantId: string,
    fileIds: readonly string[],
    by: Actor,
  ): Promise<{ replayed: number; toRead: string[] }>;
  /** Rejected rows of batches after a row of the batch at `after.seq`, in the receive order. */
  findRows(
    tenantId: string,
    selection: ReplaySelection,
    after: { readonly seq: number; readonly row: number },
    limit: number,
  ): Promise<RowToReplay[]>;
  /** Has rows judged again by the newest policy, at the end of the receive order; answers how many. */
  replayRows(
    tenantId: string,
    rows: readonly Pick<RowToReplay, 'fileId' | 'row'>[],
    by: Actor,
  ): Promise<number>;
  /** Visible calls after `after`, by callId. */
  findCalls(
    tenantId: string,
    selection: ReplaySelection,
    after: number,
    limit: number,
  ): Promise<CallToReplay[]>;
  /** Has visible calls read by the newest policy; answers how many had not been before. */
  replayCalls(tenantId: string, callKeys: readonly string[], by: Actor): Promise<number>;
  recordReplay(tenantId: string, by: Actor, detail: Readonly<Record<string, unknown>>): Promise<void>;
}

export interface ReplayStore {
  /**
   * Lets a rejected file be read and judged again by the newest policy, at the end of the receive order, and a held
   * one be judged again in its own place: later files do not overtake it. Null without such a file.
   * 'not_replayable': it took part in a call, was removed, or its bytes are purged.
   */
  replayFile(tenantId: string, fileId: string, by: Actor): Promise<'replayed' | 'not_replayable' | null>;
}
