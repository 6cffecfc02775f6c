import { randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { link, open, opendir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CallbayError } from '@callbay/core';
import { errnoOf, makeDurableFolder, syncPath } from './durable-files.ts';

/**
 * The file at the root of a disk store that proves the store is there. Without it the folder may be the empty place where
 * a disk is not mounted: nothing is missing then, and nothing may be written.
 */
export const STORE_MARKER = '.callbay-store';

const away = (cause?: unknown): CallbayError =>
  new CallbayError('UNAVAILABLE', 'The store of bytes is not in place.', { cause });

/** Throws a retryable UNAVAILABLE where the marker is absent or cannot be looked at. */
export function requireMarker(root: string): void {
  let found: unknown;
  try {
    found = statSync(join(root, STORE_MARKER), { throwIfNoEntry: false });
  } catch (cause) {
    throw away(cause);
  }
  if (found === undefined) throw away();
}

/** The same without holding up the calling thread: a network disk may take long to answer, or never do. */
export async function findMarker(root: string): Promise<void> {
  try {
    await stat(join(root, STORE_MARKER));
  } catch (cause) {
    throw away(cause);
  }
}

/** The store's id, or null where there is no store or it cannot be read just now. */
export async function readMarker(root: string): Promise<string | null> {
  try {
    return (await readFile(join(root, STORE_MARKER), 'utf8')).trim() || null;
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    return null;
  }
}

/**
 * Marks a folder as a store, unless it looks like one that is not mounted: empty, although rows refer to bytes. A store
 * that holds tenants' folders and no marker is of an earlier version. One that is marked keeps its id. Doing it twice, or
 * at once, is fine.
 */
export async function markStore(
  root: string,
  refersToBytes: () => Promise<boolean>,
  id: string = randomUUID(),
): Promise<boolean> {
  if (await hasMarker(root)) return true;
  if (!(await holdsFolders(root)) && (await refersToBytes())) return false;
  await placeMarker(root, id, link);
  return true;
}

/** Marks a folder as the store of this id, whatever it was before. */
export const replaceMarker = (root: string, id: string): Promise<void> => placeMarker(root, id, rename);

async function placeMarker(
  root: string,
  id: string,
  place: (draft: string, marker: string) => Promise<void>,
): Promise<void> {
  await makeDurableFolder(root, root);
  const draft = join(root, `${STORE_MARKER}-${randomUUID()}`);
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.write(`${id}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await place(draft, join(root, STORE_MARKER));
  } catch (error) {
    // Another process marked it in the meantime: its id counts.
    if (errnoOf(error) !== 'EEXIST') throw error;
  } finally {
    await rm(draft, { force: true });
  }
  await syncPath(root);
}

async function hasMarker(root: string): Promise<boolean> {
  try {
    await stat(join(root, STORE_MARKER));
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

async function holdsFolders(root: string): Promise<boolean> {
  try {
    for await (const entry of await opendir(root)) if (entry.isDirectory()) return true;
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
  return false;
}
