import type { EventReplay, Feed, FeedStatus, NewFeed } from '@callbay/contracts';
import type {
  AnalyzedUtterance,
  CallEventData,
  CutMessage,
  FeedCall,
  FeedConnection,
  FeedFailure,
  FeedFormat,
} from '@callbay/core';
import type { Actor } from '../ports.ts';

/** A feed as it is sent. */
export interface ActiveFeed {
  readonly connection: FeedConnection;
  readonly format: FeedFormat;
  /** Of SASL; null without SASL, or where it cannot be unsealed. */
  readonly password: string | null;
  /** Changes with the settings: a producer of another version is closed. */
  readonly version: string;
  /** Failed attempts in a row. */
  readonly attempts: number;
  /** The feed has sent every event after this one. */
  readonly startSequence: number;
}

/** A call as messages need it. */
export type KnownFeedCall = Omit<FeedCall, 'transcripts'>;

/** A call that was analyzed. */
export interface AnalyzedFeedCall {
  readonly transcripts: readonly AnalyzedUtterance[];
  /** Its content now, where it surfaced before the feed began, so that no message has told of it; else null. */
  readonly untold: CallEventData | null;
}

/** What the relay of feeds loads and saves. */
export interface FeedStore {
  /** Null for a feed that is gone or paused. */
  findActive(tenantId: string): Promise<ActiveFeed | null>;
  /** Those of the calls that exist. */
  readCalls(tenantId: string, callIds: readonly number[]): Promise<KnownFeedCall[]>;
  /** By its newest analysis; without one, no transcript. */
  readAnalyzed(tenantId: string, callId: number, startSequence: number): Promise<AnalyzedFeedCall>;
  /** Counts messages that were taken, and forgets earlier failures. */
  saveSent(tenantId: string, sent: number, reduced: { count: number; example: string } | null): Promise<void>;
  saveFailed(tenantId: string, failure: FeedFailure): Promise<void>;
}

/** Brokers did not take messages; the message is public. */
export class FeedError extends Error {
  readonly failure: FeedFailure;
  constructor(failure: FeedFailure, options?: ErrorOptions) {
    super(failure.message, options);
    this.name = 'FeedError';
    this.failure = failure;
  }
}

export interface FeedTopic {
  readonly brokers: number;
  readonly partitions: number;
}

/** Where messages go. Every method throws FeedError for whatever the brokers and the network do. */
export interface FeedTarget {
  /** Resolves when all in-sync replicas have all messages, which are in order for each key. After a rejection any of them may have arrived. */
  send(tenantId: string, feed: FeedAddress, messages: readonly CutMessage[]): Promise<void>;
  /** Connects, logs in and looks the topic up. Sends nothing. */
  probe(feed: FeedAddress): Promise<FeedTopic>;
}

export type FeedAddress = Pick<ActiveFeed, 'connection' | 'password' | 'version'>;

/** Feeds as the API changes them. Each change commits with its audit row. */
export interface FeedAdmin {
  /**
   * Creates or replaces the settings. A new feed begins at `from`, or now. Null without such a tenant; throws UNPROCESSABLE where a password is
   * needed: of a new login, or for other brokers than those it was given for.
   */
  putFeed(tenantId: string, feed: NewFeed, by: Actor): Promise<Feed | null>;
  findFeed(tenantId: string): Promise<Feed | null>;
  /** With its password, for a test. */
  findAddress(tenantId: string): Promise<FeedAddress | null>;
  deleteFeed(tenantId: string, by: Actor): Promise<boolean>;
  readStatus(tenantId: string): Promise<FeedStatus | null>;
  /** Returns how many events the span holds; null without a feed. */
  replayFeed(tenantId: string, span: EventReplay, by: Actor): Promise<number | null>;
}
