import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Runs `place` on a synced draft beside `file`, then syncs the folder that the name stands in. */
async function placeDraft(
  file: string,
  content: string | Uint8Array,
  mode: number,
  place: (draft: string) => Promise<void>,
): Promise<void> {
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  const handle = await open(draft, 'wx', mode);
  try {
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await place(draft);
    await syncFolder(dirname(file));
  } finally {
    await rm(draft, { force: true });
  }
}

/**
 * Writes a small file, whole or not at all, and resolves when a power cut can no longer undo it. Without the sync
 * before the rename, a crash may leave the new name with no content.
 */
export const replaceFile = (file: string, content: string | Uint8Array, mode = 0o600): Promise<void> =>
  placeDraft(file, content, mode, (draft) => rename(draft, file));

/** As `replaceFile`, but an existing file stays as it is: resolves to false where there is one. */
export async function createFile(file: string, content: string | Uint8Array, mode = 0o600): Promise<boolean> {
  try {
    await placeDraft(file, content, mode, (draft) => link(draft, file));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    // Whoever created it may not have synced its name yet.
    await syncFolder(dirname(file));
    return false;
  }
}

/** The text of a file, or null where there is none. */
export async function readFileIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/**
 * Makes a folder and its missing parents, each durable in its own parent. Only `folder` itself gets `mode`; what is
 * there already keeps its own. Resolves to whether it was made.
 */
export async function makeFolder(folder: string, mode: number): Promise<boolean> {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined) return false;
  // mkdir gives its mode to the parents as well, and the umask narrows it.
  await chmod(folder, mode);
  for (let made = folder; ; made = dirname(made)) {
    await syncFolder(dirname(made));
    if (made === first) return true;
  }
}
