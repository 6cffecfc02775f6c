import type { Issue } from '../issue.ts';
import { sampleIssue } from './sample-issues.ts';

/** Fewer times than these say nothing: a morning's calls all come before noon. */
const MIN_TIMES = 20;

/**
 * TWELVE_HOUR_CLOCK_SUSPECTED where none of many hours is past 12 and none is 0, as a 12-hour clock without AM and PM
 * writes them; null otherwise. `hours` are those written in the source, 0 to 23. A suspicion and never a correction:
 * only the sender knows which half of the day was meant. Source: case 65.
 */
export function suspectTwelveHourClock(hours: readonly number[]): Issue | null {
  if (hours.length < MIN_TIMES || hours.some((hour) => hour > 12 || hour === 0)) return null;
  return sampleIssue('TWELVE_HOUR_CLOCK_SUSPECTED', null, `${hours.length} times were looked at.`);
}

/** The hours that texts such as `05-12-2024 6:15:45` write; none for those with AM or PM, which are beyond doubt. */
export function writtenHours(values: readonly string[]): number[] {
  return values.flatMap((value) => {
    if (/[ap]\.?m\.?/i.test(value)) return [];
    const match = /(?:^|[T ,_-])(\d{1,2}):\d{2}/.exec(value) ?? /\d{8}[-_T ]?(\d{2})\d{2}/.exec(value);
    return match?.[1] === undefined ? [] : [Number(match[1])];
  });
}
