import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open, opendir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

/**
 * Paths of all blobs below a folder, relative to it, in no order; none when the folder is not there. A name that begins with
 * a dot is not a blob: the store's marker, a copy under way.
 */
export async function* listFiles(folder: string, root: string = folder): AsyncGenerator<string> {
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

/** One digest over all blobs in the order they pass: their paths, sizes and digests. */
export class BlobDigest {
  readonly #all: Hash = createHash('sha256');
  #count = 0;
  #bytes = 0;

  add(path: string, sizeBytes: number, sha256: string): void {
    this.#all.update(`${path}\t${sizeBytes}\t${sha256}\n`);
    this.#count += 1;
    this.#bytes += sizeBytes;
  }

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  finish(): { count: number; bytes: number; sha256: string } {
    return { count: this.#count, bytes: this.#bytes, sha256: this.#all.digest('hex') };
  }
}
