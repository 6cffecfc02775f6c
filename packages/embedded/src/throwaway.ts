import { access, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { readFileIfThere, replaceFile } from '@callbay/runtime';
import { SHARED_BASE } from './identity.ts';
import { findPostmaster } from './postmaster.ts';
import { acquireProcessLock, readLockOwner } from './process-lock.ts';

const MARK_NAME = 'throwaway.lock';
const HOME_NAME = 'home';

/** Declares that everything in `folder` may go once this process has ended. */
export async function markThrowaway(folder: string): Promise<void> {
  await acquireProcessLock(join(folder, MARK_NAME));
}

async function listShared(): Promise<string[]> {
  try {
    return await readdir(SHARED_BASE);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'EACCES') return [];
    throw error;
  }
}

/** Writes down whose data `folder` holds, since nothing in the home says so once the home is removed. */
export async function markHome(folder: string, home: string): Promise<void> {
  await replaceFile(join(folder, HOME_NAME), home);
}

/** The folder in root's shared place that holds the data of `home`, or null. */
export async function findMarkedFolder(home: string): Promise<string | null> {
  for (const name of await listShared()) {
    const folder = join(SHARED_BASE, name);
    if ((await readFileIfThere(join(folder, HOME_NAME))) === home) return folder;
  }
  return null;
}

async function isHomeGone(folder: string): Promise<boolean> {
  const home = await readFile(join(folder, HOME_NAME), 'utf8');
  // Elsewhere a home that is not there may be a disk that is not mounted.
  if (!home.startsWith(tmpdir() + sep)) return false;
  return access(home).then(
    () => false,
    () => true,
  );
}

async function isAbandoned(folder: string): Promise<boolean> {
  const names = await readdir(folder);
  const isThrown = names.includes(MARK_NAME) && (await readLockOwner(join(folder, MARK_NAME))) === null;
  if (!isThrown && !(names.includes(HOME_NAME) && (await isHomeGone(folder)))) return false;
  return (await findPostmaster(join(folder, 'data'))) === null;
}

/**
 * Removes what nobody can want any more from root's shared place: throwaway data whose process is gone, and the data of
 * homes below the system's temporary folder that were removed.
 */
export async function sweepShared(): Promise<void> {
  for (const name of await listShared()) {
    const folder = join(SHARED_BASE, name);
    try {
      if (await isAbandoned(folder)) await rm(folder, { recursive: true, force: true });
    } catch (error) {
      // Another start swept it first.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}
