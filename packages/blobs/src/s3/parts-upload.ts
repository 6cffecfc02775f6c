import type { FileHandle } from 'node:fs/promises';
import { isLostUpload } from './s3-errors.ts';
import { abortParts, type Bucket, completeParts, PART_BYTES, sendPart, startParts } from './send-object.ts';

/**
 * One file as an upload in parts. Parts may be sent while the file is still being written; those that are written again
 * are sent again in the end.
 * Invariant: of one part no two requests are under way, so that the tag of the last one is the part's.
 */
export class PartsUpload {
  readonly #bucket: Bucket;
  readonly #key: string;
  readonly #file: FileHandle;
  /** Tags by index; null where sending failed. */
  readonly #parts = new Map<number, Promise<string | null>>();
  readonly #touched = new Set<number>();
  #uploadId: Promise<string> | null = null;
  #next = 0;
  #isOver = false;
  /** What the last part that failed failed with: the rest is left to the end. */
  #failure: unknown = null;

  constructor(bucket: Bucket, key: string, file: FileHandle) {
    this.#bucket = bucket;
    this.#key = key;
    this.#file = file;
  }

  get hasBegun(): boolean {
    return this.#uploadId !== null;
  }

  /** Why the last part could not be sent ahead; null where all were. */
  get failure(): unknown {
    return this.#failure;
  }

  /** All bytes before `sizeBytes` are in the file, and no write before it is on its way: sends the parts that are whole. */
  reach(sizeBytes: number): void {
    for (; (this.#next + 1) * PART_BYTES <= sizeBytes; this.#next += 1) {
      if (this.#isOver || this.#failure !== null) return;
      if (!this.#touched.has(this.#next)) this.#begin(this.#next);
    }
  }

  /** Bytes from `start` to `end`, exclusive, are about to change. */
  touch(start: number, end: number): void {
    for (let index = Math.floor(start / PART_BYTES); index * PART_BYTES < end; index += 1)
      this.#touched.add(index);
  }

  #begin(index: number): void {
    const sent = this.#send(index, PART_BYTES).catch((error: unknown) => {
      this.#failure = error;
      return null;
    });
    this.#parts.set(index, sent);
  }

  async #send(index: number, bytes: number): Promise<string> {
    this.#uploadId ??= startParts(this.#bucket, this.#key);
    const UploadId = await this.#uploadId;
    return sendPart(this.#bucket, { Key: this.#key, UploadId }, this.#file, { index, bytes });
  }

  /** Sends what is missing of a file that nobody writes any more, and makes the object. */
  async complete(sizeBytes: number): Promise<void> {
    this.#isOver = true;
    try {
      await this.#completeOnce(sizeBytes);
    } catch (error) {
      if (!isLostUpload(error)) throw error;
      await this.#forget();
      await this.#completeOnce(sizeBytes);
    }
  }

  async #completeOnce(sizeBytes: number): Promise<void> {
    // An upload that could not be begun is begun anew.
    if ((await this.#uploadId?.catch(() => null)) == null) this.#uploadId = null;
    const count = Math.max(1, Math.ceil(sizeBytes / PART_BYTES));
    const tags = Array.from({ length: count }, async (_none, index) => {
      const bytes = Math.min(PART_BYTES, sizeBytes - index * PART_BYTES);
      const sent = await this.#parts.get(index);
      if (sent != null && bytes === PART_BYTES && !this.#touched.has(index)) return sent;
      return this.#send(index, bytes);
    });
    const settled = await Promise.allSettled(tags);
    const failed = settled.find((one) => one.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    const sent = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const UploadId = await this.#uploadId!;
    await completeParts(this.#bucket, { Key: this.#key, UploadId }, sent);
  }

  async #forget(): Promise<void> {
    await Promise.all(this.#parts.values());
    const uploadId = await this.#uploadId?.catch(() => null);
    this.#parts.clear();
    this.#uploadId = null;
    if (uploadId != null) await abortParts(this.#bucket, { Key: this.#key, UploadId: uploadId });
  }

  /** Ends it, with nothing left on the server. Where it rejects, the sweep ends it later. */
  async abandon(): Promise<void> {
    this.#isOver = true;
    await this.#forget();
  }
}
