/**
 * The least that says anything. A sample is short, may be of one day, and is only warned of while a mapping is being made;
 * what really came is a finding about the tenant, and asks for more calls and several days.
 */
export const LEAST_FOR_TWELVE_HOURS = {
  sample: { times: 20 },
  received: { times: 30, days: 3 },
} as const;

const MIN_SHARE = 0.1;

/**
 * Whether hours of the day look written on a 12-hour clock without AM and PM: none past 12 and none of 0, and a tenth or
 * more on both sides: 1 to 6 (which are afternoons then) and 7 to 12. A centre that works mornings alone has no hours 1 to
 * 6, one that works nights has 0 or 22. Whether there are enough of them is the caller's to say. Source: case 65.
 */
export function looksLikeTwelveHours(hours: readonly number[]): boolean {
  const within = (from: number, to: number): number =>
    hours.filter((hour) => hour >= from && hour <= to).length;
  const least = MIN_SHARE * hours.length;
  return within(1, 12) === hours.length && within(1, 6) >= least && within(7, 12) >= least;
}
