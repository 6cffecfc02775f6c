import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { CallbayError } from '@callbay/core';

/** Most bytes one step of an inspection reads, over all its windows: head, tail and what lies between. */
export const STEP_LIMIT_BYTES = 16 * 1024 * 1024;
/** Most reads one step makes: a file of nothing but eight-byte boxes ends here. */
export const STEP_LIMIT_READS = 100_000;
/** Most bytes of a walk over frames or pages, where no header holds the length: it passes over them in small windows. */
export const WALK_LIMIT_BYTES = 512 * 1024 * 1024;
export const WALK_LIMIT_READS = 500_000;

/** A step asked for more than its bound. What it was after stays unknown; the file is not at fault. */
export class ReadLimitError extends Error {
  override readonly name = 'ReadLimitError';
}

/**
 * The bytes of one stored file, readable at any offset, within a bound that holds for each step.
 * Reads are synchronous: it lives in a process of its own, where nobody else waits.
 */
export class MediaBytes implements Disposable {
  readonly sizeBytes: number;
  readonly #source: number | Buffer;
  #bytesLeft = STEP_LIMIT_BYTES;
  #readsLeft = STEP_LIMIT_READS;

  /**
   * Opens the first `sizeBytes` bytes of the file at a path, or takes them from memory, where they must not change
   * meanwhile. Throws BLOB_MISSING where storage holds fewer, UNAVAILABLE where it cannot be read.
   */
  constructor(source: string | Buffer, sizeBytes: number) {
    this.sizeBytes = sizeBytes;
    if (typeof source !== 'string') {
      this.#source = source;
      return;
    }
    const descriptor = storageCall(() => openSync(source, 'r'));
    this.#source = descriptor;
    const stored = storageCall(() => fstatSync(descriptor));
    if (stored.isFile() && stored.size >= sizeBytes) return;
    this[Symbol.dispose]();
    throw new CallbayError('BLOB_MISSING', 'Storage holds fewer bytes than were received.');
  }

  /** Gives the next step the whole bound again. */
  startStep(): void {
    this.#bytesLeft = STEP_LIMIT_BYTES;
    this.#readsLeft = STEP_LIMIT_READS;
  }

  /** Gives the next step the bound of a walk. */
  startWalk(): void {
    this.#bytesLeft = WALK_LIMIT_BYTES;
    this.#readsLeft = WALK_LIMIT_READS;
  }

  /** Up to `length` bytes from `offset`: fewer at the end of the file. Throws ReadLimitError past the step's bound. */
  read(offset: number, length: number): Buffer {
    const wanted = Math.max(0, Math.min(length, this.sizeBytes - offset));
    this.#readsLeft -= 1;
    this.#bytesLeft -= wanted;
    if (this.#readsLeft < 0 || this.#bytesLeft < 0) throw new ReadLimitError();
    const source = this.#source;
    if (typeof source !== 'number') return source.subarray(offset, offset + wanted);
    const buffer = Buffer.alloc(wanted);
    let filled = 0;
    while (filled < wanted) {
      const count = storageCall(() => readSync(source, buffer, filled, wanted - filled, offset + filled));
      if (count === 0)
        throw new CallbayError('BLOB_MISSING', 'The stored bytes shrank while they were read.');
      filled += count;
    }
    return buffer;
  }

  /** Exactly `length` bytes from `offset`, or null where the file ends before. */
  readAll(offset: number, length: number): Buffer | null {
    const buffer = this.read(offset, length);
    return buffer.length === length ? buffer : null;
  }

  [Symbol.dispose](): void {
    if (typeof this.#source === 'number') closeSync(this.#source);
  }
}

const storageCall = <T>(call: () => T): T => {
  try {
    return call();
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    throw new CallbayError(isMissing ? 'BLOB_MISSING' : 'UNAVAILABLE', undefined, { cause });
  }
};
