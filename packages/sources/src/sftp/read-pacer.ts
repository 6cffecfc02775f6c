import { failed } from './statuses.ts';

/**
 * Lets reads start only while their replies have somewhere to go: a client may ask for a whole file in one go
 * and read the answers slowly, and they must not pile up here. First come, first served.
 */
export class ReadPacer {
  readonly #limitBytes: number;
  readonly #isClientSlow: () => boolean;
  #waiting: { bytes: number; start: () => void; drop: () => void }[] = [];
  #underWay = 0;
  #isStopped = false;

  constructor(limitBytes: number, isClientSlow: () => boolean) {
    this.#limitBytes = limitBytes;
    this.#isClientSlow = isClientSlow;
  }

  async run<T>(bytes: number, task: () => Promise<T>): Promise<T> {
    await new Promise<void>((start, reject) => {
      const drop = () => reject(failed('The session has ended.'));
      this.#waiting.push({ bytes, start, drop });
      this.pump();
    });
    try {
      return await task();
    } finally {
      this.#underWay -= bytes;
      this.pump();
    }
  }

  /** Starts what may start. To be called whenever the client may have caught up. */
  pump(): void {
    for (;;) {
      const next = this.#waiting[0];
      if (next === undefined) return;
      if (this.#isStopped) {
        this.#waiting.shift();
        next.drop();
        continue;
      }
      const isFull = this.#underWay > 0 && this.#underWay + next.bytes > this.#limitBytes;
      if (isFull || this.#isClientSlow()) return;
      this.#waiting.shift();
      this.#underWay += next.bytes;
      next.start();
    }
  }

  /** Drops what waits: nobody is there to be answered. */
  stop(): void {
    this.#isStopped = true;
    this.pump();
  }
}
