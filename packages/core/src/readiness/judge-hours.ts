/** A call's time of day as the customer wrote it, and its day. */
export interface WrittenTime {
  /** `2026-03-01` */
  readonly day: string;
  readonly hour: number;
}

export interface HoursVerdict {
  readonly isSuspected: boolean;
  readonly calls: number;
  readonly days: number;
}

const MIN_CALLS = 30;
const MIN_DAYS = 3;
const MIN_SHARE = 0.1;

/**
 * Whether times look written on a 12-hour clock without AM or PM: at least 30 calls on at least 3 days, no hour past 12
 * and none of 0, and a tenth or more on both sides: hours 1 to 6 (which are afternoons then) and 7 to 12. A centre that
 * works mornings alone has no hours 1 to 6, one that works nights has 0 or 22. Source: case 65.
 */
export function judgeHours(times: readonly WrittenTime[]): HoursVerdict {
  const days = new Set(times.map(({ day }) => day)).size;
  const within = (from: number, to: number): number =>
    times.filter(({ hour }) => hour >= from && hour <= to).length;
  const isEnough = times.length >= MIN_CALLS && days >= MIN_DAYS;
  const isTwelve = within(1, 12) === times.length;
  const isBoth = within(1, 6) >= MIN_SHARE * times.length && within(7, 12) >= MIN_SHARE * times.length;
  return { isSuspected: isEnough && isTwelve && isBoth, calls: times.length, days };
}
