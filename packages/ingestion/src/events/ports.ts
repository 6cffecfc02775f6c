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
  /** How far behind the durable consumers of all tenants are, those of one kind together. */
  readLags(): Promise<ConsumerLag[]>;
}

export interface ConsumerLag {
  /** `feed` or `webhook`. */
  readonly consumer: string;
  /** Age of the oldest unread event of all; 0 where all is read. */
  readonly seconds: number;
  /** Unread events at most: numbers that no event has are counted too. */
  readonly events: number;
}

/** The right to advance one cursor. It ends when it is released, or `EVENT_LEASE_MS` after the last claim or advance. */
export interface EventLease {
  readonly tenantId: string;
  readonly consumer: string;
  readonly leaseId: string;
  /** The last event that the consumer is done with. */
  readonly sequence: number;
  /** Events that are to be sent again, before unread ones; null without any. */
  readonly replay: EventSpan | null;
}

/** Events after one sequence, up to another. */
export interface EventSpan {
  readonly after: number;
  readonly until: number;
}

/** How far behind a consumer is. */
export interface EventLag {
  /** Unread events, counted up to 100,000. */
  readonly events: number;
  /** When the oldest unread event happened; null where all is read. */
  readonly since: Date | null;
  /** Events that were removed for their age before the consumer read them. */
  readonly missed: number;
  /** When the consumer, after a failure, tries again; null where it does not wait. */
  readonly nextAttemptAt: Date | null;
  readonly replay: EventSpan | null;
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
   * Leases cursors of tenants with unread events, or with events to send again, the one that waited longest since its last
   * lease first. `consumer` is a name, or what stands before the colon of several. Returns at most `limit`. Writes nothing
   * where nothing is to be read. `owner` names the process, for people.
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
  /** The same for events that are sent again. The span ends with its last event. */
  advanceReplay(tenantId: string, consumer: string, leaseId: string, sequence: number): Promise<boolean>;
  /** Ends the lease; nobody claims the cursor for `retryInMs`. Does nothing where the lease was lost. */
  release(tenantId: string, consumer: string, leaseId: string, retryInMs?: number): Promise<void>;
  /**
   * Has events from one instant to another, exclusive, sent again, beside those that a replay under way still has to send. Returns how many the span
   * holds; those that are unread are sent anyway. Null without such a cursor.
   */
  replay(tenantId: string, consumer: string, span: { from: Date; to: Date | null }): Promise<number | null>;
  /** Null without such a cursor. */
  readLag(tenantId: string, consumer: string): Promise<EventLag | null>;
}
