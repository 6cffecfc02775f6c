import { close, closeSync, fsync, ftruncate, futimes, read } from 'node:fs';
import { promisify } from 'node:util';
import { newFileId } from '@callbay/ingestion';
import { Ahead } from './ahead.ts';
import { MAX_FILE_BYTES } from './limits.ts';
import type { SftpMetrics } from './logger.ts';
import type { OwnFile, PartialStore } from './partials.ts';
import { type ReceiveDeps, receiveLocalFile } from './receive.ts';
import { failed, isUnfitToKeep, noRoom, overQuota, type SftpRefusal } from './statuses.ts';
import type { WriteBudget } from './write-budget.ts';
import { WriteQueue } from './write-queue.ts';

const closeFd = promisify(close);
const syncFd = promisify(fsync);
const truncateFd = promisify(ftruncate);
const setFdTimes = promisify(futimes);
const readFd = promisify(read);

export interface UploadDeps extends ReceiveDeps {
  readonly partials: PartialStore;
  readonly budget: WriteBudget;
  readonly eagerBytesPerHandle: number;
  readonly metrics: SftpMetrics;
  readonly now: () => Date;
}

export interface UploadStart {
  readonly own: OwnFile;
  readonly sentBy: string;
  readonly sizeBytes: number;
  /** Temporary names are stored, never received: RENAME completes them. Source: case 13. */
  readonly isTemporary: boolean;
  /** Whether CLOSE without a write means a file: it was made, emptied, or holds a broken upload's bytes. */
  readonly isChanged: boolean;
  /** Every write goes to the end, whatever offset it names. */
  readonly isAppending: boolean;
}

const tooLarge = (): SftpRefusal =>
  failed('A file may have at most 2 GiB (2147483648 bytes). Nothing of this one was kept; send it in parts.');

/** One written handle, from OPEN to CLOSE or to the end of its connection. */
export class Upload {
  readonly own: OwnFile;
  readonly sentBy: string;
  readonly isTemporary: boolean;
  readonly #deps: UploadDeps;
  readonly #queue: WriteQueue;
  readonly #isAppending: boolean;
  /** Null where CLOSE need not wait for the bytes to be sent anywhere, or where nobody knows whether they will be. */
  readonly #ahead: Ahead | null;
  #sizeBytes: number;
  #refusalTold: Promise<void> | null = null;
  #isChanged: boolean;
  #isOvertaken = false;
  #maxBytes = Number.POSITIVE_INFINITY;
  #modifiedAt: Date | null = null;
  #writtenAt: Date;

  constructor(deps: UploadDeps, start: UploadStart) {
    this.#deps = deps;
    this.own = start.own;
    this.sentBy = start.sentBy;
    this.isTemporary = start.isTemporary;
    this.#isAppending = start.isAppending;
    this.#isChanged = start.isChanged;
    this.#sizeBytes = start.sizeBytes;
    this.#writtenAt = deps.now();
    this.#queue = new WriteQueue(start.own.fd, deps.budget, deps.eagerBytesPerHandle);
    this.#ahead =
      deps.blobs.startAhead === undefined || start.isTemporary
        ? null
        : new Ahead(deps, start.own, (task) => this.#queue.run(task), start.sizeBytes);
  }

  /** With everything accepted so far. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get modifiedAt(): Date {
    return this.#modifiedAt ?? this.#writtenAt;
  }

  /** Takes bytes at any offset; holes read as zeros. The write that would pass 2^31 bytes fails. Source: C9. */
  write(offset: number, bytes: Buffer, settle: (error: Error | null) => void): void {
    const position = this.#isAppending ? this.#sizeBytes : offset;
    const end = position + bytes.length;
    if (end > MAX_FILE_BYTES) {
      settle(this.#refuseSize(end));
      return;
    }
    if (this.#deps.room.wasFull()) {
      settle(this.#refuse(noRoom));
      return;
    }
    if (end > this.#maxBytes) {
      settle(this.#refuse(overQuota));
      return;
    }
    this.#isChanged = true;
    if (end > this.#sizeBytes && this.#queue.error === null) this.#sizeBytes = end;
    this.#writtenAt = this.#deps.now();
    this.#ahead?.accept(position, end);
    this.#queue.write(position, bytes, settle);
    this.#ahead?.tell();
  }

  /** Bytes as written so far, for clients that verify; empty at the end. */
  read(offset: number, length: number): Promise<Buffer> {
    return this.#queue.run(async () => {
      const { bytesRead, buffer } = await readFd(this.own.fd, Buffer.allocUnsafe(length), 0, length, offset);
      return buffer.subarray(0, bytesRead);
    });
  }

  async setSize(sizeBytes: number): Promise<void> {
    if (sizeBytes > MAX_FILE_BYTES) throw this.#refuseSize(sizeBytes);
    if (sizeBytes > this.#maxBytes) throw this.#refuse(overQuota);
    // OpenSSH's sftp cuts every file to the size that it has already.
    if (sizeBytes === this.#sizeBytes && this.#queue.error === null) return;
    this.#isChanged = true;
    this.#sizeBytes = sizeBytes;
    this.#ahead?.resize(sizeBytes);
    await this.#queue.run(() => truncateFd(this.own.fd, sizeBytes));
  }

  /** The size that the tenant's quota leaves room for. */
  limitTo(maxBytes: number): void {
    this.#maxBytes = maxBytes;
  }

  setModifiedAt(at: Date): void {
    this.#modifiedAt = at;
  }

  sync(): Promise<void> {
    return this.#queue.run(() => syncFd(this.own.fd));
  }

  /** Runs `copy` on the bytes as they are after everything accepted so far. */
  withBytes(copy: (path: string) => Promise<void>): Promise<void> {
    return this.#queue.run(() => copy(this.own.path));
  }

  /** The name was removed under the writer: nothing of it will be kept. */
  markRemoved(): void {
    this.#queue.abort(failed('The file was removed while it was being written.'));
  }

  /** A later put of the name started anew: these bytes may still be closed, but no longer continued. */
  markOvertaken(): void {
    this.#isOvertaken = true;
  }

  /** CLOSE: after every write is on disk the file is received, or kept as a partial under a temporary name. */
  async finish(): Promise<void> {
    await this.#queue.settled();
    const { error } = this.#queue;
    // Whoever has closed a file that was refused finds its receipt.
    await this.#refusalTold;
    if (error !== null) {
      // Behind an error there may be a hole: such bytes must never be continued.
      await this.#drop();
      throw error;
    }
    if (!this.#isChanged) await this.#drop();
    else if (this.isTemporary) await this.#keepAsPartial();
    else await this.#receive();
  }

  /** The connection ended without CLOSE: nothing is received, and what came can be continued. Source: case 89. */
  async abandon(): Promise<void> {
    await this.#queue.settled();
    await this.#refusalTold;
    const isWorthKeeping = this.#isChanged && this.#sizeBytes > 0 && !this.#isOvertaken;
    if (this.#queue.error !== null || !isWorthKeeping) await this.#drop();
    else await this.#keepAsPartial();
  }

  async #receive(): Promise<void> {
    const { tenantId, name } = this.own;
    const { modifiedAt, sizeBytes, sentBy } = this;
    const begun = this.#ahead === null ? {} : { fileId: this.#ahead.fileId };
    try {
      await receiveLocalFile(
        this.#deps,
        { tenantId, name, sizeBytes, modifiedAt, sentBy, ...begun },
        this.own,
      );
    } catch (error) {
      this.#deps.metrics.uploadFailed();
      await this.#ahead?.abandon();
      await closeFd(this.own.fd);
      await this.#keepAfter(error);
      throw error;
    }
    // The bytes are stored under another name, so that nothing is freed here and the calling thread need not wait.
    closeSync(this.own.fd);
    this.#deps.metrics.fileReceived(sizeBytes);
    await this.#deps.partials.discard(this.own);
    // A whole version came: an older broken upload of the name must not shadow it.
    await this.#deps.partials.remove(tenantId, name);
  }

  /** Keeps the bytes of a file that could not be received, so that the client need not send them all again. */
  async #keepAfter(cause: unknown): Promise<void> {
    try {
      await (isUnfitToKeep(cause)
        ? this.#deps.partials.discard(this.own)
        : this.#deps.partials.release(this.own));
    } catch (error) {
      // The client hears of the cause; it was told of no success, so this only costs it the resumption.
      this.#deps.log.warn({ err: error, tenantId: this.own.tenantId }, 'bytes of a failed upload not kept');
    }
  }

  async #keepAsPartial(): Promise<void> {
    await this.#ahead?.abandon();
    if (this.#modifiedAt !== null) await setFdTimes(this.own.fd, this.#modifiedAt, this.#modifiedAt);
    await closeFd(this.own.fd);
    await this.#deps.partials.release(this.own);
  }

  async #drop(): Promise<void> {
    await this.#ahead?.abandon();
    await closeFd(this.own.fd);
    await this.#deps.partials.discard(this.own);
  }

  /** Nothing of the file is kept: it would only take away what others, or the tenant's next file, need. */
  #refuse(makeRefusal: () => SftpRefusal): Error {
    if (this.#queue.error !== null) return this.#queue.error;
    const refusal = makeRefusal();
    this.#queue.abort(refusal);
    this.#deps.metrics.uploadFailed();
    return refusal;
  }

  #refuseSize(sizeBytes: number): Error {
    if (this.#queue.error !== null) return this.#queue.error;
    const refusal = tooLarge();
    this.#queue.abort(refusal);
    this.#deps.metrics.uploadFailed();
    const { tenantId, name } = this.own;
    const row = {
      fileId: newFileId(),
      drop: 'sftp' as const,
      name,
      // A client may name any offset below 2^64, which no number here holds exactly and no database at all.
      sizeBytes: Math.min(sizeBytes, Number.MAX_SAFE_INTEGER),
      code: 'TOO_LARGE',
      sentBy: this.sentBy,
    };
    const recorded = this.#deps.receiver
      .recordRefusal(tenantId, row)
      .catch((error: unknown) =>
        this.#deps.log.error({ err: error, tenantId }, 'refusal of a large file not recorded'),
      );
    // At once, not at CLOSE: two gigabytes of nothing would rest on the spool meanwhile. While the handle is open only
    // cutting the file frees them, removing it does not.
    const emptied = truncateFd(this.own.fd, 0).catch((error: unknown) =>
      this.#deps.log.error({ err: error, tenantId }, 'partial of a refused file not emptied'),
    );
    this.#refusalTold = Promise.all([recorded, emptied]).then(() => {});
    this.#deps.inBackground(this.#refusalTold);
    return refusal;
  }
}
