import { close, open, read } from 'node:fs';
import { promisify } from 'node:util';
import type { FileEntry } from 'ssh2';
import type { Stat } from './attrs.ts';
import { failed, invalidHandle } from './statuses.ts';
import type { Upload } from './upload.ts';

const openFd = promisify(open);
const readFd = promisify(read);
const closeFd = promisify(close);

/** An open file to read: stored bytes, a partial, or a receipt. */
export interface Download {
  readonly stat: Stat;
  /** Empty at the end. */
  read(offset: number, length: number): Promise<Buffer>;
  close(): Promise<void>;
}

export type Handle =
  | { readonly kind: 'upload'; readonly upload: Upload; readonly mayRead: boolean }
  | { readonly kind: 'download'; readonly download: Download }
  | { readonly kind: 'listing'; readonly stat: Stat; readonly entries: AsyncGenerator<FileEntry> };

/** The open handles of one session. Ids are never used twice, so that a late request cannot hit a newer file. */
export class HandleTable {
  readonly #limit: number;
  readonly #open = new Map<number, Handle>();
  #reserved = 0;
  #lastId = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#open.size + this.#reserved;
  }

  get uploads(): Upload[] {
    return [...this.#open.values()].flatMap((handle) => (handle.kind === 'upload' ? [handle.upload] : []));
  }

  /** Opens a handle with what `make` gives, unless too many are open. */
  async add(make: () => Promise<Handle>): Promise<Buffer> {
    if (this.size >= this.#limit)
      throw failed(`At most ${this.#limit} files may be open at once; close some.`);
    this.#reserved += 1;
    try {
      const handle = await make();
      this.#lastId += 1;
      this.#open.set(this.#lastId, handle);
      const id = Buffer.alloc(4);
      id.writeUInt32BE(this.#lastId);
      return id;
    } finally {
      this.#reserved -= 1;
    }
  }

  get(id: Buffer): Handle {
    const handle = id.length === 4 ? this.#open.get(id.readUInt32BE()) : undefined;
    if (handle === undefined) throw invalidHandle();
    return handle;
  }

  take(id: Buffer): Handle {
    const handle = this.get(id);
    this.#open.delete(id.readUInt32BE());
    return handle;
  }

  takeAll(): Handle[] {
    const all = [...this.#open.values()];
    this.#open.clear();
    return all;
  }
}

/** Reads a local file; `release` is called at close, once its bytes are not needed any more. */
export async function openDownload(
  path: string,
  stat: Stat,
  release: () => Promise<void>,
): Promise<Download> {
  const fd = await openFd(path, 'r');
  return {
    stat,
    async read(offset, length) {
      const { bytesRead, buffer } = await readFd(fd, Buffer.allocUnsafe(length), 0, length, offset);
      return buffer.subarray(0, bytesRead);
    },
    async close() {
      await closeFd(fd);
      await release();
    },
  };
}

/** Serves bytes that are in memory already. */
export const downloadOf = (bytes: Buffer, stat: Stat): Download => ({
  stat: { ...stat, sizeBytes: bytes.length },
  read: async (offset, length) => bytes.subarray(offset, offset + length),
  close: async () => {},
});
