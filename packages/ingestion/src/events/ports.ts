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
