import { STALLED_AFTER_MS } from '../events/event-limits.ts';
import { type AlertFinding, type AlertKind, type Counted, findingOf } from './alert.ts';
import { type EndedFiles, judgeRejections, usualRate } from './judge-rejections.ts';

/** How many of the count are rows of batches, not files. */
interface CountedRows extends Counted {
  readonly rows: number;
}

/** A consumer with unread events. */
export interface UnreadConsumer {
  readonly consumer: string;
  /** When its oldest unread event happened, epoch milliseconds. */
  readonly unreadSinceMs: number;
  /** Events that were removed for their age before it read them. */
  readonly missed: number;
}

/** A webhook that nothing is delivered to until somebody sets it to active. */
export interface DisabledWebhook {
  readonly consumer: string;
  /** Its label, or the host of its URL. */
  readonly name: string;
  readonly disabledAtMs: number;
  readonly code: string | null;
}

/** What is known of one tenant at one moment. */
export interface AlertFacts {
  readonly stage: 'setup' | 'verification' | 'live' | 'suspended';
  readonly feedExpectedEveryMinutes: number;
  /** When the newest file came; where none ever came, when the tenant was last set up. Epoch milliseconds. */
  readonly feedSinceMs: number;
  /**
   * Held files, and waiting rows of batches, received over an hour ago, those that only wait for going live and those set
   * aside apart; `byCode` of the same.
   */
  readonly heldOverHour: CountedRows & { readonly byCode: Readonly<Record<string, number>> };
  /** Files set aside, of any age: no customer can do anything for them. */
  readonly setAside: Counted & { readonly byCode: Readonly<Record<string, number>> };
  /** Unpaired files and rows that the purge takes within a day, and when the first one goes, in RFC 3339. */
  readonly purgeSoon: CountedRows & { readonly firstAt: string | null };
  /** Files, and rows of batches: each batch by its first thousand. */
  readonly lastHour: EndedFiles & CountedRows;
  /** The 7 days before the last hour. */
  readonly weekBefore: EndedFiles;
  /** Calls that a shorter data retention deletes once its grace ends, in RFC 3339; null where none waits. */
  readonly deletedSoon: { readonly count: number; readonly at: string } | null;
  /** Bytes stored and allowed; null without a quota. */
  readonly storage: { readonly storedBytes: number; readonly quotaBytes: number } | null;
  /** Days whose reconciliation left files over. */
  readonly gaps: readonly (Counted & { readonly day: string })[];
  /** Consumers of events that have some to read. */
  readonly unread: readonly UnreadConsumer[];
  readonly disabledWebhooks: readonly DisabledWebhook[];
  /** Why the bucket of its S3 drop does not work; null where it does, or where there is none. */
  readonly s3Problem: string | null;
  /** Messages of the feed that went out without parts, where one did within a day; null without any. */
  readonly reduced: { readonly count: number; readonly example: string } | null;
}

/** ` 12 of them are rows of batches.`; nothing where none is. */
const sayRows = ({ rows }: CountedRows): string =>
  rows === 0 ? '' : rows === 1 ? ' 1 of them is a row of a batch.' : ` ${rows} of them are rows of batches.`;
const percent = (share: number): string => `${Math.round(share * 1000) / 10}%`;
const MINUTE_MS = 60_000;
const minutes = (count: number): string => (count === 1 ? 'minute' : `${count} minutes`);

function judgeFeed({ stage, feedExpectedEveryMinutes, feedSinceMs }: AlertFacts, nowMs: number) {
  if (stage !== 'live' || nowMs - feedSinceMs <= feedExpectedEveryMinutes * MINUTE_MS) return [];
  const since = new Date(feedSinceMs).toISOString();
  const detail = `No file since ${since}; a file is expected every ${minutes(feedExpectedEveryMinutes)}.`;
  return [findingOf('FEED_LATE', 'feed', detail)];
}

const sayCodes = (byCode: Readonly<Record<string, number>>): string =>
  Object.entries(byCode)
    .sort(([, a], [, b]) => b - a)
    .map(([code, count]) => `${count} ${code}`)
    .join(', ');

function judgeHeld({ heldOverHour }: AlertFacts): AlertFinding[] {
  if (heldOverHour.count === 0) return [];
  const detail = `${sayCodes(heldOverHour.byCode)}.${sayRows(heldOverHour)}`;
  return [findingOf('HELD_OVER_HOUR', 'held', detail, heldOverHour)];
}

function judgeSetAside({ setAside }: AlertFacts): AlertFinding[] {
  if (setAside.count === 0) return [];
  return [findingOf('FILES_UNREAD', 'unread', `${sayCodes(setAside.byCode)}.`, setAside)];
}

function judgePurges({ purgeSoon }: AlertFacts): AlertFinding[] {
  if (purgeSoon.count === 0) return [];
  const detail = `${purgeSoon.count} in all, the first at ${purgeSoon.firstAt}.${sayRows(purgeSoon)}`;
  return [findingOf('PURGE_SOON', 'purge', detail, purgeSoon)];
}

function judgeDeletions({ deletedSoon }: AlertFacts): AlertFinding[] {
  if (deletedSoon === null || deletedSoon.count === 0) return [];
  const { count, at } = deletedSoon;
  const detail = `${count} ${count === 1 ? 'call' : 'calls'} at ${at}.`;
  return [findingOf('CALLS_DELETED_SOON', 'dataRetention', detail, { count, examples: [] })];
}

function judgeRate({ lastHour, weekBefore }: AlertFacts, isOpen: boolean): AlertFinding[] {
  if (!judgeRejections(lastHour, weekBefore, isOpen)) return [];
  const { ended, rejected } = lastHour;
  const detail = `${rejected} of ${ended} (${percent(rejected / ended)}); usual is ${percent(usualRate(weekBefore))}.${sayRows(lastHour)}`;
  return [findingOf('REJECTION_RATE_JUMP', 'rejections', detail, lastHour)];
}

/** At the pace that filled nine tenths somebody has time to act. */
export const QUOTA_NEAR_SHARE = 0.9;

const judgeBucket = ({ s3Problem }: AlertFacts): AlertFinding[] =>
  s3Problem === null ? [] : [findingOf('S3_DROP_BROKEN', 's3', s3Problem)];

function judgeQuota({ storage }: AlertFacts): AlertFinding[] {
  if (storage === null || storage.storedBytes < storage.quotaBytes * QUOTA_NEAR_SHARE) return [];
  const { storedBytes, quotaBytes } = storage;
  const share = quotaBytes === 0 ? 1 : storedBytes / quotaBytes;
  // Whole percents, so that the alert does not change with each file.
  const detail = `${Math.floor(share * 100)}% of ${quotaBytes} bytes are used.`;
  return [findingOf('QUOTA_NEAR', 'quota', detail)];
}

const judgeGaps = ({ gaps }: AlertFacts): AlertFinding[] =>
  gaps.map((gap) => findingOf('RECONCILIATION_GAP', gap.day, `${gap.count} of ${gap.day}.`, gap));

const judgeWebhooks = ({ disabledWebhooks }: AlertFacts): AlertFinding[] =>
  disabledWebhooks.map(({ consumer, name, disabledAtMs, code }) => {
    const since = `\`${name}\` since ${new Date(disabledAtMs).toISOString()}.`;
    return findingOf(
      'WEBHOOK_DISABLED',
      consumer,
      code === null ? since : `${since} The last attempt: ${code}.`,
    );
  });

function judgeReduced({ reduced }: AlertFacts): AlertFinding[] {
  if (reduced === null) return [];
  const detail = `${reduced.count} so far, the last of them \`${reduced.example}\`.`;
  return [findingOf('FEED_REDUCED', 'feed', detail, { count: reduced.count, examples: [] })];
}

function judgeConsumers({ unread }: AlertFacts, nowMs: number): AlertFinding[] {
  const stalled = unread.filter(({ unreadSinceMs }) => nowMs - unreadSinceMs > STALLED_AFTER_MS);
  return stalled.map(({ consumer, unreadSinceMs, missed }) => {
    const since = `\`${consumer}\` has not read the events since ${new Date(unreadSinceMs).toISOString()}.`;
    const lost =
      missed === 0 ? '' : ` ${missed} older ${missed === 1 ? 'event was' : 'events were'} removed unread.`;
    return findingOf('FEED_STALLED', consumer, since + lost);
  });
}

/**
 * What is wrong with a tenant's feed just now. `isOpen` returns which kinds have an open alert: some end later than they
 * begin. A suspended tenant is asked for nothing. Source: C2, C5.
 */
export function judgeAlerts(
  facts: AlertFacts,
  nowMs: number,
  isOpen: (kind: AlertKind) => boolean,
): AlertFinding[] {
  if (facts.stage === 'suspended') return [];
  return [
    ...judgeFeed(facts, nowMs),
    ...judgeHeld(facts),
    ...judgeSetAside(facts),
    ...judgeRate(facts, isOpen('REJECTION_RATE_JUMP')),
    ...judgePurges(facts),
    ...judgeDeletions(facts),
    ...judgeQuota(facts),
    ...judgeBucket(facts),
    ...judgeGaps(facts),
    ...judgeConsumers(facts, nowMs),
    ...judgeWebhooks(facts),
    ...judgeReduced(facts),
  ];
}
