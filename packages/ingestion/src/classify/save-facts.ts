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

/**
 * Stores what reading files found and decides the calls that the facts touch, in one transaction. Files that cannot be
 * stored and decided together are tried in halves, so that one call that cannot be decided holds back no other file.
 * Answers the keys of other calls to advance. Throws only where a service is unavailable.
 */
export async function saveFacts(
  deps: SaveFactsDeps,
  tenantId: string,
  read: readonly ReadFile[],
): Promise<readonly string[]> {
  if (read.length === 0) return [];
  try {
    const result = await deps.calls.saveFactsAndAdvance(tenantId, read, decideCalls);
    tellAdvance(deps, tenantId, result);
    return result.wakes;
  } catch (error) {
    if (error instanceof CallbayError && error.retryable) throw error;
    const [only] = read;
    if (read.length === 1 && only) return saveUndecided(deps, tenantId, only, error);
    const middle = Math.ceil(read.length / 2);
    const first = await saveFacts(deps, tenantId, read.slice(0, middle));
    return [...first, ...(await saveFacts(deps, tenantId, read.slice(middle)))];
  }
}

/** The facts count all the same; the sweep of due calls goes on trying to decide their call. */
async function saveUndecided(
  { files, log }: SaveFactsDeps,
  tenantId: string,
  { fileId, facts }: ReadFile,
  error: unknown,
): Promise<string[]> {
  log.error({ err: error, tenantId, fileId }, 'the calls of a file could not be decided');
  const touched = await files.saveFacts(tenantId, fileId, facts);
  return touched.filter((key) => key !== `stem:${facts.stem}`);
}
