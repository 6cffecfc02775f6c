import { type FileReceiver, newFileId } from '@callbay/ingestion';
import type { Logger } from './logger.ts';

/** Refusals that a tenant may leave in an hour: a client that tries every file of a folder needs no row for each. */
const MAX_IN_WINDOW = 100;
const WINDOW_MS = 60 * 60 * 1000;
const MAX_TENANTS = 10_000;
/** Leaves room for `.json` and for what versions add. */
const MAX_NAME_CHARS = 60;

export interface RefusedNamesDeps {
  readonly receiver: Pick<FileReceiver, 'recordRefusal'>;
  readonly log: Logger;
  readonly monotonicMs: () => number;
}

export interface RefusedNames {
  /**
   * Leaves a receipt of a path that may not be written. Most clients print "Permission denied" in place of the server's
   * sentence, so that a receipt is where the sender can read why. Never rejects.
   */
  note(refused: { tenantId: string; sentBy: string; path: string; sentence: string }): Promise<void>;
}

interface Window {
  readonly startedMs: number;
  readonly names: Set<string>;
}

/** The last part of a path with everything replaced that a receipt's name could not show. */
export const shownNameOf = (path: string): string =>
  (path.split('/').filter(Boolean).at(-1) ?? '')
    .toWellFormed()
    .replace(/[\p{C}\u2028\u2029\ufffd\\]/gu, '_')
    .trim()
    .slice(0, MAX_NAME_CHARS)
    .toWellFormed()
    .replace(/^\.{1,2}$/, '');

export function createRefusedNames({ receiver, log, monotonicMs }: RefusedNamesDeps): RefusedNames {
  const windows = new Map<string, Window>();

  /** Whether this name is news, and within the limit. */
  function isNews(tenantId: string, name: string): boolean {
    const nowMs = monotonicMs();
    let window = windows.get(tenantId);
    if (window === undefined || nowMs - window.startedMs > WINDOW_MS) {
      if (windows.size >= MAX_TENANTS) windows.clear();
      window = { startedMs: nowMs, names: new Set() };
      windows.set(tenantId, window);
    }
    if (window.names.has(name) || window.names.size >= MAX_IN_WINDOW) return false;
    window.names.add(name);
    return true;
  }

  return {
    async note({ tenantId, sentBy, path, sentence }) {
      const name = shownNameOf(path);
      if (name === '' || !isNews(tenantId, name)) return;
      const row = { fileId: newFileId(), drop: 'sftp' as const, name, sizeBytes: 0, sentBy };
      try {
        await receiver.recordRefusal(tenantId, { ...row, code: 'NAME_INVALID', message: sentence });
      } catch (error) {
        log.warn({ err: error, tenantId }, 'a refused name was not recorded');
      }
    },
  };
}
