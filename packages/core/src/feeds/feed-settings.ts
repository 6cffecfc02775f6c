import type { EventType } from '../events/tenant-event.ts';

export const FEED_COMPRESSIONS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
export const SASL_MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const;

/** How a tenant's events become messages. Source: D1–D5. */
export interface FeedFormat {
  /** `strict`: bodies have the fields of the Data Feeder and no other. `extended`: more fields, and events of every type. */
  readonly envelope: 'strict' | 'extended';
  readonly events: readonly EventType[];
  /** Our direction to the number that the receiver knows it by. */
  readonly directionIds: Readonly<Record<string, number>>;
  /** A value of the field `releasingParty` to its number. */
  readonly releasingPartyIds: Readonly<Record<string, number>>;
  readonly departmentId: number | null;
  /** Only calls of these directions and users; null for all. */
  readonly filter: {
    readonly directions: readonly string[] | null;
    readonly users: readonly string[] | null;
  };
  /** The most bytes of a message: key, body and headers. */
  readonly maxMessageBytes: number;
}

/** Where a feed goes. */
export interface FeedConnection {
  /** `host:port`. */
  readonly brokers: readonly string[];
  readonly topic: string;
  /** Null: not encrypted. `ca`: certificates in PEM; null for those of the system. */
  readonly tls: { readonly ca: string | null } | null;
  readonly sasl: { readonly mechanism: (typeof SASL_MECHANISMS)[number]; readonly username: string } | null;
  readonly compression: (typeof FEED_COMPRESSIONS)[number];
}

/** What only a strict body can say. */
export const STRICT_EVENTS: readonly EventType[] = ['call.surfaced', 'call.analyzed'];

/** After each failed attempt in turn; the last one from then on. */
const RETRY_MS = [1_000, 2_000, 5_000, 10_000, 30_000, 60_000] as const;

/** How long a feed rests after its nth failed attempt in a row, from 1. It never gives up: nothing else waits for it. */
export const feedRetryMs = (attempts: number): number =>
  RETRY_MS[Math.min(attempts, RETRY_MS.length) - 1] ?? RETRY_MS[0];
