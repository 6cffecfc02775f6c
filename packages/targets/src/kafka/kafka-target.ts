import type { WebhookRules } from '@callbay/core';
import { type CutMessage, feedFailure } from '@callbay/core';
import { type FeedAddress, FeedError, type FeedTarget, type FeedTopic } from '@callbay/ingestion';
import { type ResolveHost, resolveBySystem } from './broker-addresses.ts';
import { toFeedError } from './feed-error.ts';
import { type FeedProducer, openProducer } from './open-producer.ts';

export interface KafkaTargetOptions {
  readonly rules: WebhookRules;
  /** The system's resolver unless given. */
  readonly resolveHost?: ResolveHost;
  /** For one send with the library's own attempts; 35 s unless given. */
  readonly sendMs?: number;
}

interface Opened {
  readonly producer: FeedProducer;
  readonly version: string;
  usedMs: number;
}

const SEND_MS = 35_000;
const PROBE_MS = 20_000;
/** A feed without news for so long is disconnected. */
const IDLE_MS = 60_000;
const LOOK_MS = 15_000;

/** Sends the messages of all tenants in this process, each over connections of its own, kept while there is news. */
export class KafkaTarget implements FeedTarget, AsyncDisposable {
  readonly #options: Required<KafkaTargetOptions>;
  readonly #opened = new Map<string, Opened>();
  readonly #closing = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;

  constructor({ rules, resolveHost = resolveBySystem, sendMs = SEND_MS }: KafkaTargetOptions) {
    this.#options = { rules, resolveHost, sendMs };
  }

  async send(tenantId: string, feed: FeedAddress, messages: readonly CutMessage[]): Promise<void> {
    const { topic } = feed.connection;
    const opened = this.#open(tenantId, feed);
    opened.usedMs = performance.now();
    try {
      const batch = messages.map(({ key, value, headers }) => ({
        topic,
        key,
        value,
        headers: { ...headers },
      }));
      await within(this.#options.sendMs, opened.producer.send({ messages: batch }));
    } catch (error) {
      const failed = toFeedError(error);
      // Whatever broke is made anew, but a message that is too large breaks nothing.
      if (failed.failure.code !== 'FEED_MESSAGE_TOO_LARGE') this.#forget(tenantId);
      throw failed;
    }
  }

  async probe(feed: FeedAddress): Promise<FeedTopic> {
    const { topic } = feed.connection;
    const producer = openProducer(feed, this.#options);
    try {
      const found = await within(PROBE_MS, producer.metadata({ topics: [topic], autocreateTopics: false }));
      const partitions = found.topics.get(topic)?.partitionsCount ?? 0;
      if (partitions === 0) throw new FeedError(feedFailure('FEED_TOPIC_UNKNOWN'));
      return { brokers: found.brokers.size, partitions };
    } catch (error) {
      throw toFeedError(error);
    } finally {
      this.#close(producer);
    }
  }

  #open(tenantId: string, feed: FeedAddress): Opened {
    const known = this.#opened.get(tenantId);
    if (known?.version === feed.version) return known;
    this.#forget(tenantId);
    const opened = {
      producer: openProducer(feed, this.#options),
      version: feed.version,
      usedMs: performance.now(),
    };
    this.#opened.set(tenantId, opened);
    this.#timer ??= setInterval(() => this.#closeIdle(), LOOK_MS).unref();
    return opened;
  }

  #closeIdle(): void {
    for (const [tenantId, { usedMs }] of this.#opened)
      if (performance.now() - usedMs > IDLE_MS) this.#forget(tenantId);
    if (this.#opened.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #forget(tenantId: string): void {
    const opened = this.#opened.get(tenantId);
    if (opened === undefined) return;
    this.#opened.delete(tenantId);
    this.#close(opened.producer);
  }

  #close(producer: FeedProducer): void {
    // What a connection says while it is closed is of no use to anyone.
    const closing = producer
      .close(true)
      .catch(() => {})
      .finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    for (const tenantId of this.#opened.keys()) this.#forget(tenantId);
    await Promise.all(this.#closing);
  }
}

/** Settles with the promise, or rejects after a while: the library gives up much later on a cluster that half works. */
async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new FeedError(feedFailure('FEED_UNREACHABLE', `No answer within ${ms / 1000} seconds.`))),
    ms,
  );
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
