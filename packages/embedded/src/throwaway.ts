import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { sharedBase } from './identity.ts';
import { findPostmaster } from './postmaster.ts';
import { acquireProcessLock, readLockOwner } from './process-lock.ts';

const markName = 'throwaway.lock';

/** Declares that everything in `folder` may go once this process has ended. */
export async function markThrowaway(folder: string): Promise<void> {
  await acquireProcessLock(join(folder, markName));
}

async function listShared(): Promise<string[]> {
  try {
    return await readdir(sharedBase);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'EACCES') return [];
    throw error;
  }
}

/** Removes what test runs that were killed left in root's shared place: marked folders whose process and server are gone. */
export async function sweepThrowaways(): Promise<void> {
  for (const name of await listShared()) {
    const folder = join(sharedBase, name);
    const isMarked = (await readdir(folder).catch(() => [] as string[])).includes(markName);
    if (!isMarked || (await readLockOwner(join(folder, markName)))) continue;
    if (await findPostmaster(join(folder, 'data'))) continue;
    await rm(folder, { recursive: true, force: true });
  }
}
