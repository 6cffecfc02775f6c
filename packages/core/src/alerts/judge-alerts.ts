import { type AlertFinding, type AlertKind, type Counted, findingOf } from './alert.ts';
import { type EndedFiles, judgeRejections, usualRate } from './judge-rejections.ts';

/** What is known of one tenant at one moment. */
export interface AlertFacts {
  readonly stage: 'setup' | 'verification' | 'live' | 'suspended';
  readonly feedExpectedEveryMinutes: number;
  /** When the newest file came; where none ever came, when the tenant was last set up. Epoch milliseconds. */
  readonly feedSinceMs: number;
  /** Held files received over an hour ago, those that only wait for going live apart; `byCode` of the same. */
  readonly heldOverHour: Counted & { readonly byCode: Readonly<Record<string, number>> };
  /** Unpaired files that the purge takes within a day, and when the first one goes, in RFC 3339. */
  readonly purgeSoon: Counted & { readonly firstAt: string | null };
  readonly lastHour: EndedFiles & Counted;
  /** The 7 days before the last hour. */
  readonly weekBefore: EndedFiles;
  /** Days whose reconciliation left files over. */
  readonly gaps: readonly (Counted & { readonly day: string })[];
}

const percent = (share: number): string => `${Math.round(share * 1000) / 10}%`;
const MINUTE_MS = 60_000;
const minutes = (count: number): string => (count === 1 ? 'minute' : `${count} minutes`);

function judgeFeed({ stage, feedExpectedEveryMinutes, feedSinceMs }: AlertFacts, nowMs: number) {
  if (stage !== 'live' || nowMs - feedSinceMs <= feedExpectedEveryMinutes * MINUTE_MS) return [];
  const since = new Date(feedSinceMs).toISOString();
  const detail = `Nothing came since ${since}; a file is expected every ${minutes(feedExpectedEveryMinutes)}.`;
  return [findingOf('FEED_LATE', 'feed', detail)];
}

function judgeHeld({ heldOverHour }: AlertFacts): AlertFinding[] {
  if (heldOverHour.count === 0) return [];
  const codes = Object.entries(heldOverHour.byCode)
    .sort(([, a], [, b]) => b - a)
    .map(([code, count]) => `${count} ${code}`);
  return [findingOf('HELD_OVER_HOUR', 'held', `${codes.join(', ')}.`, heldOverHour)];
}

function judgePurges({ purgeSoon }: AlertFacts): AlertFinding[] {
  if (purgeSoon.count === 0) return [];
  const detail = `${purgeSoon.count} in all, the first at ${purgeSoon.firstAt}.`;
  return [findingOf('PURGE_SOON', 'purge', detail, purgeSoon)];
}

function judgeRate({ lastHour, weekBefore }: AlertFacts, isOpen: boolean): AlertFinding[] {
  if (!judgeRejections(lastHour, weekBefore, isOpen)) return [];
  const { ended, rejected } = lastHour;
  const detail = `${rejected} of ${ended} (${percent(rejected / ended)}); usual is ${percent(usualRate(weekBefore))}.`;
  return [findingOf('REJECTION_RATE_JUMP', 'rejections', detail, lastHour)];
}

const judgeGaps = ({ gaps }: AlertFacts): AlertFinding[] =>
  gaps.map((gap) => findingOf('RECONCILIATION_GAP', gap.day, `${gap.count} of ${gap.day}.`, gap));

/**
 * What is wrong with a tenant's feed just now. `isOpen` tells which kinds have an open alert: some end later than they
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
    ...judgeRate(facts, isOpen('REJECTION_RATE_JUMP')),
    ...judgePurges(facts),
    ...judgeGaps(facts),
  ];
}
