import { constants } from 'node:fs';
import { copyFile, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The errno name of a failed system call, or null for any other error. */
export const errnoOf = (error: unknown): string | null =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;

/** Waits until a file's or a folder's content is on the medium, not only in the page cache. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes a folder and its parents, each durable in its own parent, up to the existing `root`. */
export async function makeDurableFolder(root: string, folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  let made = folder;
  for (;;) {
    const parent = dirname(made);
    await syncPath(parent);
    if (made === first || parent === root || parent === made) return;
    made = parent;
  }
}

/** Copies a file, sharing extents where the file system can, and syncs the copy. */
export async function copyDurably(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_FICLONE);
  await syncPath(to);
}
