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

/**
 * Stores what reading files found and decides the calls that the facts touch, in one transaction. Files that cannot be
 * stored and decided together are tried in halves, so that one call that cannot be decided, and one file that cannot be
 * stored, hold back no other file. Throws only where a service is unavailable.
 */
export async function saveFacts(
  deps: SaveFactsDeps,
  tenantId: string,
  read: readonly ReadFile[],
): Promise<SavedFacts> {
  if (read.length === 0) return { wakes: [], refused: [] };
  try {
    const result = await deps.calls.saveFactsAndAdvance(tenantId, read, decideCalls);
    tellAdvance(deps, tenantId, result);
    return { wakes: result.wakes, refused: [] };
  } catch (error) {
    if (isOutage(error)) throw error;
    const [only] = read;
    if (read.length === 1 && only) return saveUndecided(deps, tenantId, only, error);
    const middle = Math.ceil(read.length / 2);
    const first = await saveFacts(deps, tenantId, read.slice(0, middle));
    const second = await saveFacts(deps, tenantId, read.slice(middle));
    return { wakes: [...first.wakes, ...second.wakes], refused: [...first.refused, ...second.refused] };
  }
}

/** The same for one file. Throws where its facts cannot be stored. */
export async function saveFactsOfOne(
  deps: SaveFactsDeps,
  tenantId: string,
  read: ReadFile,
): Promise<readonly string[]> {
  const { wakes, refused } = await saveFacts(deps, tenantId, [read]);
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
