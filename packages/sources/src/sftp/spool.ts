import { mkdirSync, rmSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type FileLock, lockFile } from './file-lock.ts';
import { errnoOf } from './statuses.ts';

const PARTIALS = 'partials';
const WRITING = 'writing';
const LOCKS = 'locks';
export const PRIVATE_MODE = 0o700;

const COMPONENT = /^(?!\.{1,2}$)[^/\\\0]+$/;

/** Names were checked at the protocol's edge; this is the second net, for a bug of ours. */
export function component(value: string): string {
  if (!COMPONENT.test(value)) throw new Error('A spool path may only be built from plain components.');
  return value;
}

/** Holds a folder for each tenant. */
export const rootOfPartials = (spoolDir: string): string => join(spoolDir, PARTIALS);
export const partialsOf = (spoolDir: string, tenantId: string): string =>
  join(rootOfPartials(spoolDir), tenantId);
export const writerFolder = (spoolDir: string, writer: string): string => join(spoolDir, WRITING, writer);
const lockOf = (spoolDir: string, writer: string): string => join(spoolDir, LOCKS, writer);

export async function ignoreAbsent<T>(promise: Promise<T>): Promise<T | null> {
  try {
    return await promise;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** None where there is no such folder. */
export const namesIn = async (folder: string): Promise<string[]> =>
  (await ignoreAbsent(readdir(folder))) ?? [];

/** This process is the writer. */
export interface WriterClaim {
  /** To be called when nothing is left in the writer's folder. */
  release(): void;
}

/**
 * Says that `writer` lives, until the claim is released or the process ends. The folder comes after the lock: a folder
 * without a lock that somebody holds is a dead writer's.
 */
export function claimWriter(spoolDir: string, writer: string): WriterClaim {
  mkdirSync(join(spoolDir, LOCKS), { recursive: true, mode: PRIVATE_MODE });
  const path = lockOf(spoolDir, writer);
  const lock = lockFile(path);
  if (lock === null) throw new Error('Another process took the lock of a new writer.');
  return {
    release() {
      rmSync(path, { force: true });
      lock.release();
    },
  };
}

/** The lock of a writer that has died, held for whoever recovers its folder; null where the writer lives. */
function lockDead(spoolDir: string, writer: string): FileLock | null {
  mkdirSync(join(spoolDir, LOCKS), { recursive: true, mode: PRIVATE_MODE });
  return lockFile(lockOf(spoolDir, writer));
}

/** Moves what dead writers left open to the named partials; of one name the newest stays. */
export async function recoverPartials(spoolDir: string): Promise<void> {
  for (const writer of await namesIn(join(spoolDir, WRITING))) {
    const lock = lockDead(spoolDir, writer);
    if (lock === null) continue;
    try {
      await recoverWriter(spoolDir, writer);
    } finally {
      rmSync(lockOf(spoolDir, writer), { force: true });
      lock.release();
    }
  }
}

async function recoverWriter(spoolDir: string, writer: string): Promise<void> {
  const folder = writerFolder(spoolDir, writer);
  for (const tenantId of await namesIn(folder)) {
    for (const { path, name } of await leftOpen(join(folder, tenantId))) {
      const target = partialsOf(spoolDir, tenantId);
      await mkdir(target, { recursive: true, mode: PRIVATE_MODE });
      await rename(path, join(target, name));
    }
  }
  await rm(folder, { recursive: true, force: true });
}

async function leftOpen(tenantFolder: string): Promise<{ path: string; name: string; changedMs: number }[]> {
  const found: { path: string; name: string; changedMs: number }[] = [];
  for (const uuid of await namesIn(tenantFolder)) {
    for (const name of await namesIn(join(tenantFolder, uuid))) {
      const path = join(tenantFolder, uuid, name);
      const at = await ignoreAbsent(stat(path));
      if (at !== null && at.size > 0) found.push({ path, name, changedMs: at.ctimeMs });
    }
  }
  return found.sort((a, b) => a.changedMs - b.changedMs);
}
