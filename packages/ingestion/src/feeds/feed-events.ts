import {
  type CallEventData,
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
  page: { limit: 4_000, bytes: 8 * 1024 * 1024 },
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
      const sends = sendsOf(deps, tenantId, feed, page);
      for (let next = await sends.next(); !next.done; ) {
        if (signal.aborted || !page.mayDeliver()) return {};
        const { messages, sequence } = next.value;
        const delivering = deliver(deps, tenantId, feed, messages);
        // Made while the brokers work; its failure is thrown when it is wanted.
        const following = sends.next();
        following.catch(() => {});
        await delivering;
        attempts = 0;
        if (!(await page.advance(sequence))) return {};
        next = await following;
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
  const known = callIds.size === 0 ? [] : await feeds.readCalls(tenantId, [...callIds]);
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
  { format, startSequence }: ActiveFeed,
  event: TenantEvent,
  calls: ReadonlyMap<number, KnownFeedCall>,
  isReplay: boolean,
): Promise<Ready[]> {
  const known = event.callId === null ? undefined : calls.get(event.callId);
  const call = known === undefined ? null : { ...known, transcripts: [] };
  if (!isInFeed(event, call, format)) return [];
  const compose = (each: TenantEvent, of: FeedCall | null): Ready => {
    const message = composeMessage(each, of, { format, guidOf, isReplay });
    return {
      message,
      cut: cutMessage(message, { maxBytes: format.maxMessageBytes, bytesOf: Buffer.byteLength }),
    };
  };
  if (event.type !== 'call.analyzed' || call === null) return [compose(event, call)];
  const { transcripts, untold } = await feeds.readAnalyzed(event.tenantId, call.callId, startSequence);
  const analyzed = compose(event, { ...call, transcripts });
  return untold === null ? [analyzed] : [compose(createdOf(event, call.callId, untold), call), analyzed];
}

/** Of a call that surfaced before the feed began: its creation always comes before its analysis. Source: D5. */
const createdOf = (
  { tenantId, sequence, at, callKey, revision }: TenantEvent,
  callId: number,
  data: CallEventData,
): TenantEvent => ({
  eventId: guidOf(`created:${tenantId}:${callId}`),
  tenantId,
  sequence,
  at,
  callKey,
  revision,
  callId,
  type: 'call.surfaced',
  data,
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
