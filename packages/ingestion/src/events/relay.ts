import type { PipelineLog } from '../ports.ts';
import type { EventCursorStore, EventLease } from './ports.ts';

export interface RelayDeps {
  readonly cursors: Pick<EventCursorStore, 'claim' | 'release'>;
  readonly log: PipelineLog;
  /** A consumer's name, or what stands before the colon of several. */
  readonly consumer: string;
  /** Names the process, for people. */
  readonly owner: string;
  /** Cursors that are worked on at once. */
  readonly slots: number;
  /**
   * Reads on for a while and returns how the lease is released: at once, or to be claimed again after a while. Stops soon
   * after the signal.
   */
  readonly work: (lease: EventLease, signal: AbortSignal) => Promise<{ readonly retryInMs?: number }>;
}

/** After an unhandled error the cursor rests for so long. */
const FAULT_MS = 10_000;

/**
 * Serves the cursors of one kind of consumer in this process: each claimed cursor has a slot, and one that is slow keeps no
 * other waiting. A cursor that ends its turn goes behind all that wait.
 */
export class Relay implements AsyncDisposable {
  readonly #deps: RelayDeps;
  readonly #working = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  #claiming: Promise<number> | null = null;

  constructor(deps: RelayDeps) {
    this.#deps = deps;
  }

  /** Starts on what is to be read, as far as there are free slots. Returns on how much, without waiting for its end. */
  poll(): Promise<number> {
    this.#claiming ??= this.#claim().finally(() => {
      this.#claiming = null;
    });
    return this.#claiming;
  }

  async #claim(): Promise<number> {
    const { cursors, consumer, owner, slots } = this.#deps;
    const free = slots - this.#working.size;
    if (free <= 0 || this.#stop.signal.aborted) return 0;
    const leases = await cursors.claim(consumer, free, owner);
    for (const lease of leases) this.#start(lease);
    return leases.length;
  }

  #start(lease: EventLease): void {
    const working = this.#serve(lease).finally(() => {
      this.#working.delete(working);
    });
    this.#working.add(working);
    // Its slot is free by then.
    void working.then(() => this.#pollAgain());
  }

  async #pollAgain(): Promise<void> {
    const { log, consumer } = this.#deps;
    try {
      await this.poll();
    } catch (err) {
      log.error({ err, consumer }, 'consumers of events could not be claimed; they are claimed again');
    }
  }

  async #serve(lease: EventLease): Promise<void> {
    const { work, cursors, log } = this.#deps;
    const { tenantId, consumer, leaseId } = lease;
    try {
      const { retryInMs } = await this.#attempt(work, lease);
      await cursors.release(tenantId, consumer, leaseId, retryInMs);
    } catch (err) {
      // The lease runs out by itself.
      log.error({ err, tenantId, consumer }, 'a consumer of events could not be released');
    }
  }

  async #attempt(work: RelayDeps['work'], lease: EventLease): Promise<{ readonly retryInMs?: number }> {
    try {
      return await work(lease, this.#stop.signal);
    } catch (err) {
      const { tenantId, consumer } = lease;
      this.#deps.log.error({ err, tenantId, consumer }, 'a consumer of events failed and will run again');
      return { retryInMs: FAULT_MS };
    }
  }

  /** Resolves when nothing runs any more. */
  async idle(): Promise<void> {
    while (this.#working.size > 0 || this.#claiming !== null)
      await Promise.allSettled([...this.#working, this.#claiming]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.idle();
  }
}
