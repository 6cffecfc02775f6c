import type { NewFeed } from '@callbay/contracts';
import {
  EVENT_TYPES,
  type EventType,
  type FeedConnection,
  type FeedFormat,
  STRICT_EVENTS,
} from '@callbay/core';
import type { SecretSealer } from '../access/host-keys.ts';

/** The column `settings` of a feed. */
export interface StoredFeed extends FeedConnection, FeedFormat {
  /** Where the feed began in the tenant's events. */
  readonly startSequence: number;
}

/** What a feed's password is sealed as: one moved to another tenant's row does not open. */
export const passwordContext = (tenantId: string): string => `feed:${tenantId}`;

/** Null for a password that was sealed under another key. */
export function unsealPassword(sealer: SecretSealer, tenantId: string, sealed: string | null): string | null {
  if (sealed === null) return null;
  try {
    return sealer.unseal(sealed, passwordContext(tenantId));
  } catch {
    return null;
  }
}

const OF_CALLS: readonly EventType[] = EVENT_TYPES.filter((type) => type.startsWith('call.'));

export function toStored(feed: NewFeed, startSequence: number): StoredFeed {
  const { brokers, topic, tls, sasl, compression, envelope, events, directionIds, releasingPartyIds } = feed;
  const { departmentId, filter, maxMessageBytes } = feed;
  return {
    brokers,
    topic,
    tls,
    sasl: sasl && { mechanism: sasl.mechanism, username: sasl.username },
    compression,
    envelope,
    events: events ?? (envelope === 'strict' ? STRICT_EVENTS : OF_CALLS),
    directionIds,
    releasingPartyIds,
    departmentId,
    filter,
    maxMessageBytes,
    startSequence,
  };
}

export const connectionOf = ({ brokers, topic, tls, sasl, compression }: StoredFeed): FeedConnection => ({
  brokers,
  topic,
  tls,
  sasl,
  compression,
});

/** A password may only go where it was given for. The order of properties is not kept by the database. */
export function isSameLogin(a: FeedConnection, b: FeedConnection): boolean {
  const partsOf = ({ brokers, sasl, tls }: FeedConnection) =>
    JSON.stringify([brokers, sasl?.mechanism, sasl?.username, tls === null, tls?.ca]);
  return partsOf(a) === partsOf(b);
}
