import { rmSync } from 'node:fs';
import { CallbayError } from '@callbay/core';
import { lockFile } from '../sftp/file-lock.ts';
import { lockPath, makeTenantFolder } from './upload-files.ts';

/** One request that writes an upload. */
export interface UploadTurn extends Disposable {
  /** Aborted where a newer request takes over. */
  readonly signal: AbortSignal;
}

/**
 * One writer for each upload. In this process the newest request wins: its client gave up the older one. A writer in another
 * process is left alone, and the request is refused.
 */
export class UploadTurns {
  readonly #writers = new Map<string, { readonly stop: AbortController; readonly ended: Promise<void> }>();

  /** `folder` names the upload. Throws CONFLICT where another process writes it, or where a still newer request came. */
  async take(folder: string): Promise<UploadTurn> {
    const before = this.#writers.get(folder);
    const stop = new AbortController();
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    this.#writers.set(folder, { stop, ended });
    const leave = (): void => {
      if (this.#writers.get(folder)?.stop === stop) this.#writers.delete(folder);
      resolve();
    };
    try {
      before?.stop.abort();
      await before?.ended;
      if (stop.signal.aborted) throw replaced();
      await makeTenantFolder(folder);
      const path = lockPath(folder);
      const lock = lockFile(path);
      if (lock === null)
        throw new CallbayError('CONFLICT', 'Another request is sending bytes of this upload. Try again.');
      const end = (): void => {
        // Before it is released: a later holder makes the file anew.
        rmSync(path, { force: true });
        lock.release();
        leave();
      };
      return { signal: stop.signal, [Symbol.dispose]: end };
    } catch (error) {
      leave();
      throw error;
    }
  }
}

export const replaced = (): CallbayError =>
  new CallbayError('CONFLICT', 'A newer request for the same upload took over.');
