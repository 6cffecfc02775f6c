import type { TenantEvent } from '@callbay/core';

/** The most that one read returns: events, and bytes of their payloads. The first event is returned whatever its size. */
export interface EventPage {
  readonly limit: number;
  readonly bytes: number;
}

export interface EventReader {
  /** Sequence of the newest event, 0 without any. */
  lastSequence(tenantId: string): Promise<number>;
  /** Events after a sequence, in order. An empty page means that there are no more. */
  listEvents(tenantId: string, after: number, page: EventPage): Promise<TenantEvent[]>;
}

/** The right to advance one cursor. It ends when it is released, or `EVENT_LEASE_MS` after the last claim or advance. */
export interface EventLease {
  readonly tenantId: string;
  readonly consumer: string;
  readonly leaseId: string;
  /** The last event that the consumer is done with. */
  readonly sequence: number;
}

/**
 * How far durable consumers, such as a data feed, have read the events of each tenant. Event streams have no cursor here:
 * their clients keep the sequence.
 *
 * Invariants: one lease at a time for a consumer and tenant. Every consumer reads every event at least once, in sequence
 * order, but for events that were removed for their age after an alert. Only the holder of the lease advances, and
 * never backwards.
 *
 * An expired lease may be taken by another process while its holder still works. The holder then learns so from
 * `advance`. A consumer that must not deliver after that measures the lease with its own monotonic clock.
 */
export interface EventCursorStore {
  /**
   * Has the consumer read the tenant's events after a sequence, or from now on where `after` is null. Keeps the cursor
   * that exists. Returns its sequence, null for an unknown tenant.
   */
  start(tenantId: string, consumer: string, after: number | null): Promise<number | null>;
  /** Removes the cursor, whoever holds it. False where there is none. */
  stop(tenantId: string, consumer: string): Promise<boolean>;
  /**
   * Leases cursors of tenants with unread events, the one that waited longest since its last lease first. Returns at
   * most `limit`. Writes nothing where no tenant has unread events. `owner` names the process, for people.
   */
  claim(consumer: string, limit: number, owner: string): Promise<EventLease[]>;
  /** As `EventReader.listEvents`. Needs no lease. */
  read(tenantId: string, after: number, page: EventPage): Promise<TenantEvent[]>;
  /**
   * Moves the cursor to an event that the consumer is done with, and renews the lease; the same sequence again only
   * renews. False where the lease was lost: another process reads on from the old sequence. Throws RangeError for a
   * sequence before the cursor or beyond the newest event.
   */
  advance(tenantId: string, consumer: string, leaseId: string, sequence: number): Promise<boolean>;
  /** Ends the lease at once. Does nothing where it was lost. */
  release(tenantId: string, consumer: string, leaseId: string): Promise<void>;
}
