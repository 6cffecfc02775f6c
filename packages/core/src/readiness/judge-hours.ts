import { LEAST_FOR_TWELVE_HOURS, looksLikeTwelveHours } from '../times/twelve-hour-clock.ts';

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

/** Whether the times of what came look written on a 12-hour clock, over enough calls and days to say so. Source: case 65. */
export function judgeHours(times: readonly WrittenTime[]): HoursVerdict {
  const least = LEAST_FOR_TWELVE_HOURS.received;
  const days = new Set(times.map(({ day }) => day)).size;
  const isEnough = times.length >= least.times && days >= least.days;
  const isSuspected = isEnough && looksLikeTwelveHours(times.map(({ hour }) => hour));
  return { isSuspected, calls: times.length, days };
}
