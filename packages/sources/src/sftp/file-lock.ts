import { DatabaseSync } from 'node:sqlite';

/** A lock that the kernel keeps: it ends with the process that holds it, however that ends. */
export interface FileLock {
  release(): void;
}

const SQLITE_BUSY = 5;

const isBusy = (error: unknown): boolean =>
  error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY;

/**
 * Locks a file, made where it is missing, or answers null where it is locked already: by this process, by one of another
 * container that has the same folder, or by one of another host over a network file system. Node has no call for it, so
 * that it is an empty SQLite database whose transaction never ends; nothing is ever written. Throws where the file system
 * has no locks.
 */
export function lockFile(path: string): FileLock | null {
  let database: DatabaseSync | null = null;
  try {
    const locked = new DatabaseSync(path, { timeout: 0 });
    database = locked;
    locked.exec('PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    return { release: () => locked.close() };
  } catch (error) {
    database?.close();
    if (isBusy(error)) return null;
    throw new Error(`${path} cannot be locked: its file system must be writable and have locks`, {
      cause: error,
    });
  }
}
