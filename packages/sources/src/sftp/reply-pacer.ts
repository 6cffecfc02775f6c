import type { ReplyBudget } from './reply-budget.ts';
import { failed } from './statuses.ts';

export interface ReplyPacerOptions {
  /** Of one connection. */
  readonly limitBytes: number;
  readonly budget: ReplyBudget;
  /** Bytes of the connection that were replied and that the client has not taken. */
  readonly backlogBytes: () => number;
}

interface Waiting {
  readonly owner: object;
  readonly bytes: number;
  /** Whether the owner's client has shut its window. */
  readonly isSlow: () => boolean;
  readonly start: () => void;
  readonly drop: () => void;
}

/**
 * Lets large replies of one connection start only while they have somewhere to go: a client may ask for a whole file in
 * one go and read the answers slowly or never, and they must not pile up here. First come, first served, but for
 * sessions whose own window is shut.
 */
export class ReplyPacer {
  readonly #options: ReplyPacerOptions;
  #waiting: Waiting[] = [];
  /** Of replies that are being made. */
  #underWay = 0;
  /** Taken of the budget: what is being made, and what the client has not taken yet. */
  #held = 0;
  #isClosed = false;

  constructor(options: ReplyPacerOptions) {
    this.#options = options;
  }

  async run<T>(
    request: { owner: object; bytes: number; isSlow: () => boolean },
    task: () => Promise<T>,
  ): Promise<T> {
    await new Promise<void>((start, reject) => {
      const drop = (): void => reject(failed('The session has ended.'));
      this.#waiting.push({ ...request, start, drop });
      this.pump();
    });
    try {
      return await task();
    } finally {
      this.#underWay -= request.bytes;
      this.pump();
    }
  }

  /** Starts what may start. To be called whenever the client may have caught up. */
  pump(): void {
    let inFlight = this.#settle();
    let at = 0;
    for (let next = this.#waiting[at]; next !== undefined; next = this.#waiting[at]) {
      if (next.isSlow()) {
        at += 1;
        continue;
      }
      if (!this.#mayStart(inFlight, next.bytes)) return;
      this.#waiting.splice(at, 1);
      inFlight += next.bytes;
      this.#underWay += next.bytes;
      this.#held += next.bytes;
      this.#options.budget.take(next.bytes);
      next.start();
    }
  }

  /** Drops what waits for a session that is gone: nobody is there to be answered. */
  stop(owner: object): void {
    const dropped = this.#waiting.filter((waiting) => waiting.owner === owner);
    this.#waiting = this.#waiting.filter((waiting) => waiting.owner !== owner);
    for (const { drop } of dropped) drop();
  }

  /** The connection is gone, and what it had not taken with it. Replies that are being made still give back theirs. */
  close(): void {
    this.#isClosed = true;
    for (const { drop } of this.#waiting.splice(0)) drop();
    this.#settle();
  }

  /** Gives back what the client has taken meanwhile; answers the bytes that are still on their way to it. */
  #settle(): number {
    const inFlight = this.#underWay + (this.#isClosed ? 0 : this.#options.backlogBytes());
    if (this.#held > inFlight) {
      this.#options.budget.give(this.#held - inFlight);
      this.#held = inFlight;
    }
    return inFlight;
  }

  #mayStart(inFlight: number, bytes: number): boolean {
    if (inFlight === 0) return true;
    return inFlight + bytes <= this.#options.limitBytes && this.#options.budget.hasRoomFor(bytes);
  }
}
