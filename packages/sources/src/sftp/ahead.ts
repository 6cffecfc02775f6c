import { type AheadUpload, type BlobStore, newFileId } from '@callbay/ingestion';
import type { Logger } from './logger.ts';
import type { OwnFile } from './partials.ts';

export interface AheadDeps {
  readonly blobs: Pick<BlobStore, 'startAhead'>;
  readonly log: Logger;
}

/** After each so many bytes that came in order, the store hears of them. */
const STEP_BYTES = 16 * 1024 * 1024;

/**
 * Has the store of bytes take a file that is still being written, as far as it is written in order: CLOSE then waits only for
 * the rest. It spares time and decides nothing: the store sends again what changed, and all of it where this failed.
 */
export class Ahead {
  /** The file's, once it is received. */
  readonly fileId: string = newFileId();
  readonly #deps: AheadDeps;
  readonly #own: OwnFile;
  /** Runs a task after the writes accepted so far. */
  readonly #afterWrites: (task: () => Promise<void>) => Promise<void>;
  /** All bytes before are accepted. */
  #inOrderBytes: number;
  #toldBytes = 0;
  /** What was written again before the store was asked; one range over all. */
  #touched: { start: number; end: number } | null = null;
  #upload: AheadUpload | null = null;
  #isOver = false;

  constructor(
    deps: AheadDeps,
    own: OwnFile,
    afterWrites: (task: () => Promise<void>) => Promise<void>,
    inOrderBytes: number,
  ) {
    this.#deps = deps;
    this.#own = own;
    this.#afterWrites = afterWrites;
    this.#inOrderBytes = inOrderBytes;
  }

  /** Bytes from `start` to `end`, exclusive, were accepted and will be written. To be called before they are queued. */
  accept(start: number, end: number): void {
    if (start < this.#inOrderBytes) this.#touch(start, Math.min(end, this.#inOrderBytes));
    if (start <= this.#inOrderBytes && end > this.#inOrderBytes) this.#inOrderBytes = end;
  }

  /** The file will be cut or grown to this size. To be called before. */
  resize(sizeBytes: number): void {
    if (sizeBytes >= this.#inOrderBytes) return;
    this.#touch(sizeBytes, this.#inOrderBytes);
    this.#inOrderBytes = sizeBytes;
  }

  /** To be called once what was accepted is queued. */
  tell(): void {
    if (this.#isOver || this.#inOrderBytes < this.#toldBytes + STEP_BYTES) return;
    const reached = this.#inOrderBytes;
    this.#toldBytes = reached;
    this.#afterWrites(() => this.#reach(reached)).catch((error: unknown) => {
      this.#isOver = true;
      this.#deps.log.debug({ err: error, tenantId: this.#own.tenantId }, 'an upload is not sent ahead');
    });
  }

  async #reach(sizeBytes: number): Promise<void> {
    const { tenantId, path } = this.#own;
    if (this.#isOver) return;
    if (this.#upload === null) {
      this.#upload = (await this.#deps.blobs.startAhead?.(tenantId, this.fileId, path)) ?? null;
      if (this.#touched !== null) this.#upload?.touch(this.#touched.start, this.#touched.end);
    }
    // It may have been cut meanwhile.
    this.#upload?.reach(Math.min(sizeBytes, this.#inOrderBytes));
  }

  #touch(start: number, end: number): void {
    this.#upload?.touch(start, end);
    const before = this.#touched ?? { start, end };
    this.#touched = { start: Math.min(start, before.start), end: Math.max(end, before.end) };
  }

  /** Nothing of it is received under this id. Does nothing after it was. Never rejects. */
  async abandon(): Promise<void> {
    this.#isOver = true;
    try {
      await this.#upload?.abandon();
    } catch (error) {
      // The sweep of orphans ends it.
      this.#deps.log.warn(
        { err: error, tenantId: this.#own.tenantId },
        'parts of an upload were not removed',
      );
    }
  }
}
