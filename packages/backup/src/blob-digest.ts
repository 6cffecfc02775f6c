import { createHash, type Hash } from 'node:crypto';

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
