import { writev, writevSync } from 'node:fs';
import type { WriteBudget } from './write-budget.ts';

interface PendingWrite {
  readonly position: number;
  readonly bytes: Buffer;
  readonly settle: ((error: Error | null) => void) | null;
}

interface Barrier {
  readonly run: () => Promise<void>;
}

/** More buffers than this in one writev gain nothing, and systems refuse more than 1,024. */
const MAX_JOINED = 512;
/**
 * What lies in a file's first bytes is written on the calling thread: a hop to the pool costs more. Later writes are
 * not, since the kernel holds up those who write much.
 */
const SYNC_BYTES = 64 * 1024;

/**
 * Orders the writes of one open file. Contiguous writes of one tick become one `writev`; up to `eagerBytes` are
 * accepted before they are on disk, so that clients with few requests in flight are not held up.
 * Invariant: writes and barriers run in the order they came, one at a time; after an error nothing more runs,
 * and every later call reports that error.
 */
export class WriteQueue {
  readonly #fd: number;
  readonly #budget: WriteBudget;
  readonly #eagerBytes: number;
  #pending: (PendingWrite | Barrier)[] = [];
  #queuedBytes = 0;
  #isRunning = false;
  #isScheduled = false;
  #error: Error | null = null;
  #idle: (() => void)[] = [];

  constructor(fd: number, budget: WriteBudget, eagerBytes: number) {
    this.#fd = fd;
    this.#budget = budget;
    this.#eagerBytes = eagerBytes;
  }

  get error(): Error | null {
    return this.#error;
  }

  /** Takes a write. `settle` is called at once when it is accepted ahead of the disk, else once it is written. */
  write(position: number, bytes: Buffer, settle: (error: Error | null) => void): void {
    if (this.#error !== null) {
      settle(this.#error);
      return;
    }
    this.#budget.take(bytes.length);
    this.#queuedBytes += bytes.length;
    const isEager = this.#queuedBytes <= this.#eagerBytes && !this.#budget.isExhausted();
    this.#pending.push({ position, bytes, settle: isEager ? null : settle });
    this.#schedule();
    if (isEager) settle(null);
  }

  /**
   * Runs `task` after everything queued before it and before everything queued later. Rejects with the queue's error.
   */
  run<T>(task: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#error !== null) {
        reject(this.#error);
        return;
      }
      const run = async () => {
        if (this.#error !== null) reject(this.#error);
        else await task().then(resolve, reject);
      };
      this.#pending.push({ run });
      this.#schedule();
    });
  }

  /** Waits until nothing is queued or running; whether an error happened is then in `error`. */
  async settled(): Promise<void> {
    this.#writeSmallNow();
    if (this.#isRunning || this.#pending.length > 0)
      await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Reports `error` from now on and drops what is queued: the file is lost anyway. */
  abort(error: Error): void {
    this.#fail(error);
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isRunning) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#writeSmallNow();
      if (!this.#isRunning && this.#pending.length > 0) void this.#work();
    });
  }

  async #work(): Promise<void> {
    this.#isRunning = true;
    for (;;) {
      const next = this.#pending[0];
      if (next === undefined) break;
      if ('run' in next) {
        this.#pending.shift();
        await next.run();
      } else {
        await this.#writeNext();
      }
    }
    this.#isRunning = false;
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }

  /** Takes the longest run of contiguous writes off the head. */
  #takeContiguous(): PendingWrite[] {
    const joined: PendingWrite[] = [];
    let end = -1;
    for (const entry of this.#pending) {
      if ('run' in entry || joined.length === MAX_JOINED || (joined.length > 0 && entry.position !== end))
        break;
      joined.push(entry);
      end = entry.position + entry.bytes.length;
    }
    this.#pending.splice(0, joined.length);
    return joined;
  }

  async #writeNext(): Promise<void> {
    const writes = this.#takeContiguous();
    const error = await writeAll(this.#fd, writes);
    this.#release(writes, error);
    if (error !== null) this.#fail(error);
  }

  #release(writes: readonly PendingWrite[], error: Error | null): void {
    const total = writes.reduce((sum, { bytes }) => sum + bytes.length, 0);
    this.#queuedBytes -= total;
    this.#budget.give(total);
    for (const { settle } of writes) settle?.(error);
  }

  #fail(error: Error): void {
    this.#error ??= error;
    const dropped = this.#pending;
    this.#pending = [];
    for (const entry of dropped) {
      if ('run' in entry) void entry.run();
      else this.#release([entry], this.#error);
    }
  }

  #writeSmallNow(): void {
    if (this.#isRunning || this.#queuedBytes > SYNC_BYTES) return;
    const isSmall = (entry: PendingWrite | Barrier): boolean =>
      !('run' in entry) && entry.position + entry.bytes.length <= SYNC_BYTES;
    if (!this.#pending.every(isSmall)) return;
    const writes = this.#takeContiguous();
    const [first] = writes;
    if (first === undefined) return;
    const total = writes.reduce((sum, { bytes }) => sum + bytes.length, 0);
    let error: Error | null = null;
    try {
      const written = writevSync(
        this.#fd,
        writes.map(({ bytes }) => bytes),
        first.position,
      );
      if (written < total)
        error = Object.assign(new Error('The disk took only part of a write.'), { code: 'ENOSPC' });
    } catch (caught) {
      error = asError(caught);
    }
    this.#release(writes, error);
    if (error !== null) this.#fail(error);
  }
}

const asError = (caught: unknown): Error => (caught instanceof Error ? caught : new Error(String(caught)));

/** Writes a contiguous run, again and again where the system takes only part of it. */
async function writeAll(fd: number, writes: readonly PendingWrite[]): Promise<Error | null> {
  let position = writes[0]?.position ?? 0;
  let left = writes.map(({ bytes }) => bytes).filter((bytes) => bytes.length > 0);
  while (left.length > 0) {
    const { error, written } = await writeVector(fd, left, position);
    if (error !== null) return error;
    position += written;
    left = after(left, written);
  }
  return null;
}

const writeVector = (fd: number, buffers: Buffer[], position: number) =>
  new Promise<{ error: Error | null; written: number }>((resolve) => {
    writev(fd, buffers, position, (error, written) => resolve({ error, written }));
  });

/** The buffers that remain once the first `written` bytes are gone. */
function after(buffers: readonly Buffer[], written: number): Buffer[] {
  let skip = written;
  const left: Buffer[] = [];
  for (const bytes of buffers) {
    if (skip >= bytes.length) skip -= bytes.length;
    else {
      left.push(skip > 0 ? bytes.subarray(skip) : bytes);
      skip = 0;
    }
  }
  return left;
}
