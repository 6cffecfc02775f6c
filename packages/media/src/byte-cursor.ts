import { type MediaBytes, ReadLimitError } from './media-bytes.ts';

const FIRST_WINDOW_BYTES = 4 * 1024;
const MAX_WINDOW_BYTES = 256 * 1024;

/** Most parts one walk takes: hours of sound have a million frames or pages, and a bomb has a part in every few bytes. */
export const WALK_LIMIT_PARTS = 5_000_000;

/**
 * Reads a file of many small parts in few reads. The window grows while the parts follow one another, and is small again
 * after a leap, so that both a walk over every byte and a walk from header to header cost little.
 */
export class ByteCursor {
  readonly sizeBytes: number;
  readonly #bytes: MediaBytes;
  #window: Buffer = Buffer.alloc(0);
  #windowStart = 0;
  #nextBytes = FIRST_WINDOW_BYTES;
  #partsLeft = WALK_LIMIT_PARTS;

  constructor(bytes: MediaBytes) {
    this.#bytes = bytes;
    this.sizeBytes = bytes.sizeBytes;
  }

  /**
   * Up to `length` bytes from `offset`: fewer at the end of the file. The buffer is valid until the next read. Throws
   * ReadLimitError past the bound of the step, or of the parts of a walk.
   */
  read(offset: number, length: number): Buffer {
    this.#partsLeft -= 1;
    if (this.#partsLeft < 0) throw new ReadLimitError();
    const start = offset - this.#windowStart;
    const wanted = Math.max(0, Math.min(length, this.sizeBytes - offset));
    if (start >= 0 && start + wanted <= this.#window.length)
      return this.#window.subarray(start, start + wanted);
    const isNext = start >= 0 && start <= this.#window.length;
    this.#nextBytes = isNext ? Math.min(MAX_WINDOW_BYTES, this.#nextBytes * 2) : FIRST_WINDOW_BYTES;
    this.#window = this.#bytes.read(offset, Math.max(wanted, this.#nextBytes));
    this.#windowStart = offset;
    return this.#window.subarray(0, wanted);
  }

  /** Exactly `length` bytes from `offset`, or null where the file ends before. */
  readAll(offset: number, length: number): Buffer | null {
    const buffer = this.read(offset, length);
    return buffer.length === length ? buffer : null;
  }

  /** All from `offset` to the end of the window that holds `length` bytes of it. */
  readWindow(offset: number, length: number): Buffer {
    this.read(offset, length);
    return this.#window.subarray(offset - this.#windowStart);
  }
}
