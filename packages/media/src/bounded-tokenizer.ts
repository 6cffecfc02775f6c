import {
  AbstractTokenizer,
  EndOfStreamError,
  type IRandomAccessTokenizer,
  type IReadChunkOptions,
} from 'strtok3';
import { type MediaBytes, STEP_LIMIT_BYTES } from './media-bytes.ts';

/** Blocks make the libraries' many reads of one or four bytes cheap. */
const BLOCK_BYTES = 1024;

/** Lets file-type and music-metadata read a file through the bound of MediaBytes. */
export class BoundedTokenizer extends AbstractTokenizer implements IRandomAccessTokenizer {
  readonly fileInfo: { size: number; mimeType?: string };
  readonly #bytes: MediaBytes;
  #block: Buffer = Buffer.alloc(0);
  #blockStart = 0;

  constructor(bytes: MediaBytes, mimeType?: string) {
    super({ maxBufferSize: STEP_LIMIT_BYTES });
    this.#bytes = bytes;
    this.fileInfo = mimeType === undefined ? { size: bytes.sizeBytes } : { size: bytes.sizeBytes, mimeType };
  }

  supportsRandomAccess(): boolean {
    return true;
  }

  setPosition(position: number): void {
    this.position = position;
  }

  async readBuffer(target: Uint8Array, options?: IReadChunkOptions): Promise<number> {
    this.position = options?.position ?? this.position;
    const count = await this.peekBuffer(target, options);
    this.position += count;
    return count;
  }

  async peekBuffer(target: Uint8Array, options?: IReadChunkOptions): Promise<number> {
    const { length, position, mayBeLess } = this.normalizeOptions(target, options);
    const found = this.#slice(position, length);
    if (found.length < length && !mayBeLess) throw new EndOfStreamError();
    target.set(found);
    return found.length;
  }

  #slice(position: number, length: number): Buffer {
    if (length > BLOCK_BYTES) return this.#bytes.read(position, length);
    const start = position - this.#blockStart;
    const isCached = start >= 0 && start + length <= this.#block.length;
    if (!isCached) {
      this.#block = this.#bytes.read(position, BLOCK_BYTES);
      this.#blockStart = position;
      return this.#block.subarray(0, length);
    }
    return this.#block.subarray(start, start + length);
  }
}
