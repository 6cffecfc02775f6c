import type { Issue } from '../issue.ts';
import { LEAST_FOR_TWELVE_HOURS, looksLikeTwelveHours } from '../times/twelve-hour-clock.ts';
import { sampleIssue } from './sample-issues.ts';

/**
 * TWELVE_HOUR_CLOCK_SUSPECTED where a sample's hours look written on a 12-hour clock, by the rule that readiness has for
 * what came; null otherwise. `hours` are those written in the source, 0 to 23. A suspicion and never a correction: only
 * the sender knows which half of the day was meant. Source: case 65.
 */
export function suspectTwelveHourClock(hours: readonly number[]): Issue | null {
  if (hours.length < LEAST_FOR_TWELVE_HOURS.sample.times || !looksLikeTwelveHours(hours)) return null;
  return sampleIssue('TWELVE_HOUR_CLOCK_SUSPECTED', null, `${hours.length} times were checked.`);
}

/** The hours that texts such as `05-12-2024 6:15:45` write; none for those with AM or PM, which are beyond doubt. */
export function writtenHours(values: readonly string[]): number[] {
  return values.flatMap((value) => {
    if (/[ap]\.?m\.?/i.test(value)) return [];
    const match = /(?:^|[T ,_-])(\d{1,2}):\d{2}/.exec(value) ?? /\d{8}[-_T ]?(\d{2})\d{2}/.exec(value);
    return match?.[1] === undefined ? [] : [Number(match[1])];
  });
}
