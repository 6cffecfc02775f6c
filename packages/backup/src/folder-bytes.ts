import { createWriteStream } from 'node:fs';
import { type FileHandle, mkdir, open, opendir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { BytesRestore, StoredBytes } from './stored-bytes.ts';

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

/**
 * Paths of all blobs below a folder, relative to it, in no order; none when the folder is not there. A name that begins with
 * a dot is not a blob: the store's marker, a copy under way.
 */
async function* listFiles(folder: string, root: string = folder): AsyncGenerator<string> {
  let entries: Awaited<ReturnType<typeof opendir>>;
  try {
    entries = await opendir(folder);
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  for await (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* listFiles(path, root);
    else if (entry.isFile() && !entry.name.startsWith('.')) yield relative(root, path).split(sep).join('/');
  }
}

/** Opens a file that a purge may have removed meanwhile: null then. */
export async function openIfThere(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** Whether a folder is there and holds anything. */
async function isOccupied(folder: string): Promise<boolean> {
  try {
    return (await readdir(folder)).length > 0;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Syncs a folder and all folders below it, deepest last: the names in them, since the files are synced already. */
async function syncFolders(folder: string): Promise<void> {
  await syncFolder(folder);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await syncFolders(join(folder, entry.name));
  }
}

async function startRestore(folder: string): Promise<BytesRestore> {
  const staging = `${folder}.restoring`;
  const aside = `${folder}.before-restore`;
  let isSwapped = false;
  let hadSome = false;
  await rm(staging, { recursive: true, force: true });
  await mkdir(staging, { recursive: true, mode: 0o700 });
  return {
    async add(path, bytes) {
      const target = join(staging, path);
      await mkdir(dirname(target), { recursive: true, mode: 0o700 });
      await pipeline(bytes, createWriteStream(target, { flags: 'wx', mode: 0o600, flush: true }));
    },
    async swap() {
      await syncFolders(staging);
      await rm(aside, { recursive: true, force: true });
      hadSome = await isOccupied(folder);
      if (hadSome) await rename(folder, aside);
      else await rm(folder, { recursive: true, force: true });
      isSwapped = true;
      await rename(staging, folder);
      await syncFolder(dirname(folder));
    },
    async finish() {
      isSwapped = false;
      await rm(aside, { recursive: true, force: true });
    },
    async discard() {
      if (isSwapped) {
        await rm(folder, { recursive: true, force: true });
        if (hadSome) await rename(aside, folder);
      }
      await rm(staging, { recursive: true, force: true });
    },
  };
}

/** Bytes in a folder of this host. */
export const folderBytes = (folder: string): StoredBytes => ({
  list: () => listFiles(folder),
  async open(path) {
    const handle = await openIfThere(join(folder, path));
    if (handle === null) return null;
    const { size } = await handle.stat();
    return { sizeBytes: size, bytes: handle.createReadStream({ highWaterMark: 1024 * 1024 }) };
  },
  startRestore: () => startRestore(folder),
});
