import { EVENT_LEASE_MS, type TenantEvent } from '@callbay/core';
import type { EventCursorStore, EventLease, EventPage } from './ports.ts';

export interface ReadLimits {
  /** How long a turn may take before it begins another page. */
  readonly turnMs: number;
  readonly page: EventPage;
  /** How long the delivery of a page, or of one event of it, takes at most: a lease must last for it. */
  readonly deliveryMs: number;
}

/** What is read next of a lease, and how its place is kept. */
export interface TurnPage {
  readonly isReplay: boolean;
  readonly events: readonly TenantEvent[];
  /** Keeps the place: the consumer is done with all events up to this one. False: the lease was lost. */
  readonly advance: (sequence: number) => Promise<boolean>;
  /** Whether the lease certainly lasts for another delivery. */
  readonly mayDeliver: () => boolean;
}

/**
 * The pages of one turn: first those to send again, then unread ones. Ends when nothing is left, when the turn is over, or
 * when the lease was lost.
 */
export async function* readTurn(
  cursors: Pick<EventCursorStore, 'read' | 'advance' | 'advanceReplay'>,
  lease: EventLease,
  { turnMs, page, deliveryMs }: ReadLimits,
  signal: AbortSignal,
): AsyncGenerator<TurnPage> {
  const { tenantId, consumer, leaseId } = lease;
  const startedMs = performance.now();
  let renewedMs = startedMs;
  let isLost = false;
  const mayDeliver = () => !isLost && performance.now() - renewedMs + deliveryMs < EVENT_LEASE_MS;
  const isOver = () => signal.aborted || isLost || performance.now() - startedMs > turnMs;
  const keep = async (advance: EventCursorStore['advance'], sequence: number): Promise<boolean> => {
    const askedMs = performance.now();
    isLost = !(await advance(tenantId, consumer, leaseId, sequence));
    renewedMs = askedMs;
    return !isLost;
  };

  if (lease.replay !== null) {
    let { after } = lease.replay;
    const { until } = lease.replay;
    while (!isOver()) {
      const events = (await cursors.read(tenantId, after, page)).filter(({ sequence }) => sequence <= until);
      let keptAt = after;
      const advance = (sequence: number) => {
        keptAt = sequence;
        return keep(cursors.advanceReplay, sequence);
      };
      if (events.length === 0) {
        if (!(await advance(until))) return;
        break;
      }
      yield { isReplay: true, events, advance, mayDeliver };
      if (keptAt < events.at(-1)!.sequence) return;
      after = keptAt;
      if (after >= until) break;
    }
  }
  let reading: Promise<TenantEvent[]> | null = null;
  for (let after = lease.sequence; !isOver(); ) {
    const events: TenantEvent[] = await (reading ?? cursors.read(tenantId, after, page));
    if (events.length === 0) return;
    // Read while this page is delivered. Its failure is thrown when the page is wanted, if ever.
    reading = cursors.read(tenantId, events.at(-1)!.sequence, page);
    reading.catch(() => {});
    let keptAt = after;
    const advance = (sequence: number) => {
      keptAt = sequence;
      return keep(cursors.advance, sequence);
    };
    yield { isReplay: false, events, advance, mayDeliver };
    // The consumer stopped within the page.
    if (keptAt < events.at(-1)!.sequence) return;
    after = keptAt;
  }
}
