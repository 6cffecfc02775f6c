import { CallbayError, decideCalls } from '@callbay/core';
import { type AdvanceCallsDeps, tellAdvance } from '../calls/advance-calls.ts';
import type { ReadFile } from '../calls/ports.ts';
import type { BlobStore, PipelineLog } from '../ports.ts';
import type { Inspector } from './inspector.ts';
import type { FileStore } from './ports.ts';

export interface SaveFactsDeps extends AdvanceCallsDeps {
  readonly files: FileStore;
  readonly blobs: BlobStore;
  readonly inspector: Inspector;
  readonly log: PipelineLog;
}

export interface SavedFacts {
  /** Keys of other calls to advance. */
  readonly wakes: readonly string[];
  /** Files whose facts the database refuses, each with its error. */
  readonly refused: readonly { readonly fileId: string; readonly error: unknown }[];
}

/** An attempt that follows so many failed ones tries a group in halves whatever its error is. */
const FAILED_ATTEMPTS = 2;
/** Failures of parts after which halving stops: two files of 200 are found by then, and an outage costs no more. */
const MAX_FAILED_PARTS = 16;

export interface SaveOptions {
  /** From 1. */
  readonly attempt?: number;
}

/** Storing the facts of one file failed again and again although the database answers: the file may be too much for it. */
export class HeavyFactsError extends CallbayError {
  constructor(cause: unknown) {
    super('UNAVAILABLE', 'The facts of one file could not be stored.', { cause });
  }
}

/**
 * Stores what reading files found and decides the calls that the facts touch, in one transaction. Files that cannot be
 * stored and decided together are tried in halves, so that one call that cannot be decided, and one file that cannot be
 * stored, hold back no other file. An error that may pass, such as a statement that ran out of time, is thrown at first; where
 * it comes back attempt after attempt, the group is halved too. Throws only where a service is unavailable.
 */
export async function saveFacts(
  deps: SaveFactsDeps,
  tenantId: string,
  read: readonly ReadFile[],
  { attempt = 1 }: SaveOptions = {},
): Promise<SavedFacts> {
  let failuresLeft = attempt > FAILED_ATTEMPTS ? MAX_FAILED_PARTS : 0;
  const save = async (part: readonly ReadFile[]): Promise<SavedFacts> => {
    if (part.length === 0) return { wakes: [], refused: [] };
    const [only] = part.length === 1 ? part : [];
    try {
      const result = await deps.calls.saveFactsAndAdvance(tenantId, part, decideCalls);
      tellAdvance(deps, tenantId, result);
      return { wakes: result.wakes, refused: [] };
    } catch (error) {
      if (isOutage(error)) {
        if (failuresLeft === 0) throw error;
        failuresLeft -= 1;
        if (only) return { wakes: [], refused: [{ fileId: only.fileId, error: new HeavyFactsError(error) }] };
      } else if (only) return saveUndecided(deps, tenantId, only, error);
      const middle = Math.ceil(part.length / 2);
      const first = await save(part.slice(0, middle));
      const second = await save(part.slice(middle));
      return { wakes: [...first.wakes, ...second.wakes], refused: [...first.refused, ...second.refused] };
    }
  };
  return save(read);
}

/** The same for one file. Throws where its facts cannot be stored: a HeavyFactsError after several attempts. */
export async function saveFactsOfOne(
  deps: SaveFactsDeps,
  tenantId: string,
  read: ReadFile,
  options: SaveOptions = {},
): Promise<readonly string[]> {
  const { wakes, refused } = await saveFacts(deps, tenantId, [read], options);
  for (const { error } of refused) throw error;
  return wakes;
}

/** Says nothing about the file. */
export const isOutage = (error: unknown): boolean => error instanceof CallbayError && error.retryable;

/** The facts count all the same; the sweep of due calls goes on trying to decide their call. */
async function saveUndecided(
  { files, log }: SaveFactsDeps,
  tenantId: string,
  { fileId, facts }: ReadFile,
  reason: unknown,
): Promise<SavedFacts> {
  log.error({ err: reason, tenantId, fileId }, 'the calls of a file could not be decided');
  try {
    const touched = await files.saveFacts(tenantId, fileId, facts);
    return { wakes: touched.filter((key) => key !== `stem:${facts.stem}`), refused: [] };
  } catch (error) {
    if (isOutage(error)) throw error;
    return { wakes: [], refused: [{ fileId, error }] };
  }
}
