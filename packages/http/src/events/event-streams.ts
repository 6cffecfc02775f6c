import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { TenantEvent } from '@callbay/core';
import type { EventReader } from '@callbay/ingestion';

export interface Subscription {
  readonly tenantId: string;
  /** Sequence of the last event that was seen; null: from now on. */
  readonly after: number | null;
  /** Asked with every heartbeat: false ends the stream. */
  readonly isStillAllowed: () => Promise<boolean>;
}

export interface EventStreamLimits {
  /** How often a stream asks for more. */
  readonly pollMs: number;
  /** How often a quiet stream says that it lives, and every stream is asked whether it still may. */
  readonly heartbeatMs: number;
  /** The most streams at once, and of one tenant, so that none takes the places of the others. */
  readonly limit: number;
  readonly perTenant: number;
}

/** What a stream holds in memory at once. */
const PAGE = { limit: 100, bytes: 1024 * 1024 };

/**
 * Open event streams of this process: so many, all ended by `close`. A stream reads on from its last sequence
 * whenever the reader has more, at the pace its client takes, so nothing is buffered and nothing is missed.
 */
export class EventStreams {
  readonly #events: EventReader;
  readonly #limits: EventStreamLimits;
  readonly #open = new Map<AbortController, { readonly tenantId: string; readonly done: Promise<void> }>();

  constructor(events: EventReader, limits: EventStreamLimits) {
    this.#events = events;
    this.#limits = limits;
  }

  hasRoomFor(tenantId: string): boolean {
    const own = [...this.#open.values()].filter((stream) => stream.tenantId === tenantId);
    return this.#open.size < this.#limits.limit && own.length < this.#limits.perTenant;
  }

  /**
   * Writes events to a response whose headers are sent, until it closes or `close` is called. Throws what reading
   * throws.
   */
  async follow(subscription: Subscription, response: ServerResponse): Promise<void> {
    const stop = new AbortController();
    response.once('close', () => stop.abort());
    const done = this.#pump(subscription, response, stop.signal).finally(() => {
      this.#open.delete(stop);
      response.end();
    });
    this.#open.set(stop, { tenantId: subscription.tenantId, done });
    await done;
  }

  async close(): Promise<void> {
    const ending = [...this.#open.values()].map(({ done }) => done);
    for (const stop of this.#open.keys()) stop.abort();
    await Promise.allSettled(ending);
  }

  async #pump(subscription: Subscription, response: ServerResponse, stop: AbortSignal): Promise<void> {
    const { tenantId, isStillAllowed } = subscription;
    const { pollMs, heartbeatMs } = this.#limits;
    let sequence = subscription.after ?? (await this.#events.lastSequence(tenantId));
    let heartbeatAt = performance.now() + heartbeatMs;
    await write(response, 'retry: 2000\n\n', stop);
    while (!stop.aborted) {
      const events = await this.#events.listEvents(tenantId, sequence, PAGE);
      for (const event of events) {
        await write(response, toText(event), stop);
        sequence = event.sequence;
      }
      if (performance.now() >= heartbeatAt) {
        if (!(await isStillAllowed())) return;
        await write(response, ': still here\n\n', stop);
        heartbeatAt = performance.now() + heartbeatMs;
      }
      if (events.length === 0) await pause(pollMs, stop);
    }
  }
}

const toText = (event: TenantEvent): string =>
  `id: ${event.sequence}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;

async function write(response: ServerResponse, text: string, stop: AbortSignal): Promise<void> {
  if (stop.aborted || response.write(text)) return;
  await untilAborted(once(response, 'drain', { signal: stop }), stop);
}

const pause = (ms: number, stop: AbortSignal): Promise<void> =>
  untilAborted(delay(ms, undefined, { signal: stop }), stop);

/** Waits; being told to stop is an end like any other. */
async function untilAborted(wait: Promise<unknown>, stop: AbortSignal): Promise<void> {
  try {
    await wait;
  } catch (error) {
    if (!stop.aborted) throw error;
  }
}
