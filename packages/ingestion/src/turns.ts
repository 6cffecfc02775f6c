import { CallbayError } from '@callbay/core';

export interface TurnLimits {
  /** The most tasks at once. */
  readonly total: number;
  /** The most of them under one key. */
  readonly perKey: number;
  /** The most tasks under one key that wait; one more is refused. */
  readonly waitingPerKey: number;
}

interface Line {
  running: number;
  readonly waiting: (() => void)[];
}

/**
 * Runs tasks, a bounded number at once. Keys (tenants, addresses) take turns, so that a key with one task never waits
 * behind all the tasks of another; tasks under one key start in the order in which they came.
 */
export class Turns {
  readonly #limits: TurnLimits;
  /** Only keys that have a task. A key whose task has ended moves to the end. */
  readonly #lines = new Map<string, Line>();
  #running = 0;

  constructor(limits: TurnLimits) {
    this.#limits = limits;
  }

  /** Answers what the task answers. Throws RATE_LIMITED where too many tasks of the key wait already. */
  async run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const end = await this.take(key);
    try {
      return await task();
    } finally {
      end();
    }
  }

  /** Waits for a turn, for a task that ends elsewhere: by calling the answer. Throws as `run` does. */
  async take(key: string): Promise<() => void> {
    await this.#start(key);
    let isRunning = true;
    return () => {
      if (isRunning) this.#end(key);
      isRunning = false;
    };
  }

  #start(key: string): Promise<void> | undefined {
    const line = this.#lines.get(key) ?? { running: 0, waiting: [] };
    if (this.#running < this.#limits.total && line.running < this.#limits.perKey) {
      this.#lines.set(key, line);
      this.#count(line, 1);
      return undefined;
    }
    if (line.waiting.length >= this.#limits.waitingPerKey) throw new CallbayError('RATE_LIMITED');
    this.#lines.set(key, line);
    const { promise, resolve } = Promise.withResolvers<void>();
    line.waiting.push(resolve);
    return promise;
  }

  #end(key: string): void {
    const ended = this.#lines.get(key);
    if (ended === undefined) throw new Error('a task ended that had not started');
    this.#count(ended, -1);
    this.#lines.delete(key);
    if (ended.running > 0 || ended.waiting.length > 0) this.#lines.set(key, ended);
    for (const line of this.#lines.values()) {
      const start = line.running < this.#limits.perKey ? line.waiting.shift() : undefined;
      if (start === undefined) continue;
      this.#count(line, 1);
      start();
      return;
    }
  }

  #count(line: Line, change: 1 | -1): void {
    line.running += change;
    this.#running += change;
  }
}
