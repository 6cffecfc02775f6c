import {
  CUTS,
  type CutMessage,
  composeMessage,
  cutMessage,
  type FeedCall,
  type FeedMessage,
  feedRetryMs,
  isInFeed,
  type TenantEvent,
} from '@callbay/core';
import type { EventCursorStore, EventLease } from '../events/ports.ts';
import { readTurn, type TurnPage } from '../events/read-turn.ts';
import type { PipelineLog } from '../ports.ts';
import { guidOf } from './guid.ts';
import { type ActiveFeed, FeedError, type FeedStore, type FeedTarget, type KnownFeedCall } from './ports.ts';

export interface FeedEventsDeps {
  readonly cursors: Pick<EventCursorStore, 'read' | 'advance' | 'advanceReplay'>;
  readonly feeds: FeedStore;
  readonly feedTarget: FeedTarget;
  readonly log: PipelineLog;
}

const LIMITS = {
  turnMs: 10_000,
  page: { limit: 1_000, bytes: 4 * 1024 * 1024 },
  /** A send gives up before. */
  deliveryMs: 40_000,
};
/** What one send holds: below the 1 MiB that brokers take by default, unless one message alone is larger. */
const SEND_BYTES = 900_000;
const SEND_MESSAGES = 1_000;
const UNKNOWN_AGAIN_MS = 60_000;

interface Ready {
  readonly message: FeedMessage;
  readonly cut: CutMessage;
}

/** Messages that are sent together, and how far the cursor may move once they are. */
interface Send {
  readonly messages: readonly Ready[];
  readonly sequence: number;
}

/**
 * Sends the events of one feed to its topic, in their order: one send is under way at a time, and the cursor moves when all
 * replicas have it. A failure ends the turn; the feed tries again for as long as it takes.
 */
export async function feedEvents(
  deps: FeedEventsDeps,
  lease: EventLease,
  signal: AbortSignal,
): Promise<{ readonly retryInMs?: number }> {
  const { tenantId } = lease;
  const feed = await deps.feeds.findActive(tenantId);
  if (feed === null) return { retryInMs: UNKNOWN_AGAIN_MS };
  let { attempts } = feed;
  try {
    for await (const page of readTurn(deps.cursors, lease, LIMITS, signal)) {
      for await (const send of sendsOf(deps, tenantId, feed, page)) {
        if (signal.aborted || !page.mayDeliver()) return {};
        await deliver(deps, tenantId, feed, send.messages);
        attempts = 0;
        if (!(await page.advance(send.sequence))) return {};
      }
    }
    return {};
  } catch (error) {
    if (!(error instanceof FeedError)) throw error;
    const retryInMs = feedRetryMs(attempts + 1);
    const { code, message } = error.failure;
    deps.log.warn({ tenantId, code, retryInMs }, `a feed was not sent: ${message}`);
    await deps.feeds.saveFailed(tenantId, error.failure);
    return { retryInMs };
  }
}

/**
 * The page as sends, each made when the one before is done: transcripts are large. The last one moves the cursor over events
 * at the end that have no message.
 */
async function* sendsOf(
  { feeds }: FeedEventsDeps,
  tenantId: string,
  feed: ActiveFeed,
  { events, isReplay }: TurnPage,
): AsyncGenerator<Send> {
  const callIds = new Set(
    events.flatMap(({ callId, type }) => (callId === null || type === 'call.deleted' ? [] : [callId])),
  );
  const known = callIds.size === 0 ? [] : await feeds.readCalls(tenantId, [...callIds], feed.startSequence);
  const calls = new Map(known.map((call) => [call.callId, call]));
  let [messages, bytes, done]: [Ready[], number, number] = [[], 0, (events[0]?.sequence ?? 1) - 1];
  for (const event of events) {
    for (const ready of await messagesOf(feeds, feed, event, calls, isReplay)) {
      const isFull = bytes + ready.cut.bytes > SEND_BYTES || messages.length >= SEND_MESSAGES;
      if (messages.length > 0 && isFull) {
        yield { messages, sequence: done };
        [messages, bytes] = [[], 0];
      }
      messages.push(ready);
      bytes += ready.cut.bytes;
    }
    done = event.sequence;
  }
  yield { messages, sequence: done };
}

async function messagesOf(
  feeds: FeedStore,
  { format }: ActiveFeed,
  event: TenantEvent,
  calls: ReadonlyMap<number, KnownFeedCall>,
  isReplay: boolean,
): Promise<Ready[]> {
  const known = event.callId === null ? undefined : calls.get(event.callId);
  const wanted = known === undefined ? null : { ...known, transcripts: [] };
  if (!isInFeed(event, wanted, format)) return [];
  const compose = (each: TenantEvent, call: FeedCall | null): Ready => {
    const message = composeMessage(each, call, { format, guidOf, isReplay });
    return {
      message,
      cut: cutMessage(message, { maxBytes: format.maxMessageBytes, bytesOf: Buffer.byteLength }),
    };
  };
  if (event.type !== 'call.analyzed' || known === undefined) return [compose(event, wanted)];
  const parts = await feeds.readTranscript(event.tenantId, known.callId);
  const analyzed = compose(event, { ...known, transcripts: parts });
  return known.isUntold ? [compose(createdOf(event, known), wanted), analyzed] : [analyzed];
}

/** Of a call that surfaced before the feed began: its creation always comes before its analysis. Source: D5. */
const createdOf = (
  { tenantId, sequence, at, callKey, revision }: TenantEvent,
  known: KnownFeedCall,
): TenantEvent => ({
  eventId: guidOf(`created:${tenantId}:${known.callId}`),
  tenantId,
  sequence,
  at,
  callKey,
  revision,
  callId: known.callId,
  type: 'call.surfaced',
  data: known.content,
});

/**
 * Sends messages in their order. Where brokers find them too large, which they say of all that one partition gets at once, halves
 * are sent apart, and a message that is alone is cut further: it never stops the feed.
 */
async function deliver(
  deps: FeedEventsDeps,
  tenantId: string,
  feed: ActiveFeed,
  messages: readonly Ready[],
): Promise<void> {
  const cuts = messages.map(({ cut }) => cut);
  if (cuts.length === 0) return;
  try {
    await deps.feedTarget.send(tenantId, feed, cuts);
    await count(deps, tenantId, cuts);
  } catch (error) {
    if (!isTooLarge(error)) throw error;
    const [first, ...others] = messages;
    if (first !== undefined && others.length === 0) return deliverSmaller(deps, tenantId, feed, first);
    const half = Math.ceil(messages.length / 2);
    await deliver(deps, tenantId, feed, messages.slice(0, half));
    await deliver(deps, tenantId, feed, messages.slice(half));
  }
}

async function deliverSmaller(
  deps: FeedEventsDeps,
  tenantId: string,
  feed: ActiveFeed,
  { message, cut }: Ready,
): Promise<void> {
  if (cut.cuts >= CUTS.length) {
    const { key, bytes } = cut;
    deps.log.error({ tenantId, key, bytes }, 'a message is too large for its topic and was left out');
    return deps.feeds.saveSent(tenantId, 0, { count: 1, example: key });
  }
  const smaller = cutMessage(message, {
    maxBytes: feed.format.maxMessageBytes,
    bytesOf: Buffer.byteLength,
    atLeast: cut.cuts + 1,
  });
  return deliver(deps, tenantId, feed, [{ message, cut: smaller }]);
}

const isTooLarge = (error: unknown): boolean =>
  error instanceof FeedError && error.failure.code === 'FEED_MESSAGE_TOO_LARGE';

const count = ({ feeds }: FeedEventsDeps, tenantId: string, sent: readonly CutMessage[]): Promise<void> => {
  const reduced = sent.filter(({ headers }) => headers.truncated !== undefined);
  const last = reduced.at(-1);
  return feeds.saveSent(
    tenantId,
    sent.length,
    last === undefined ? null : { count: reduced.length, example: last.key },
  );
};
