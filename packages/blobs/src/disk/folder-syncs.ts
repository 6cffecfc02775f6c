import { closeSync, fsync, openSync } from 'node:fs';
import { promisify } from 'node:util';

const syncFd = promisify(fsync);

async function syncOnce(folder: string): Promise<void> {
  const fd = openSync(folder, 'r');
  try {
    await syncFd(fd);
  } finally {
    closeSync(fd);
  }
}

/** One folder under sync: the sync that runs, and the one that starts after it, if anybody asked meanwhile. */
interface FolderState {
  running: Promise<void>;
  next: Promise<void> | null;
}

/**
 * Makes the entries of folders durable. A sync that runs may have begun before the caller's rename, so callers that
 * come meanwhile share the next one: of a folder at most one sync runs and one waits, whatever the number of callers.
 */
export function createFolderSyncs(
  sync: (folder: string) => Promise<void> = syncOnce,
): (folder: string) => Promise<void> {
  const folders = new Map<string, FolderState>();

  function start(folder: string): Promise<void> {
    const running = sync(folder);
    const state: FolderState = { running, next: null };
    folders.set(folder, state);
    const end = (): void => {
      if (folders.get(folder) === state && state.next === null) folders.delete(folder);
    };
    running.then(end, end);
    return running;
  }

  return (folder) => {
    const state = folders.get(folder);
    if (state === undefined) return start(folder);
    // A failed sync is the error of those who shared it; the next one tries anew.
    state.next ??= state.running.catch(() => {}).then(() => start(folder));
    return state.next;
  };
}
