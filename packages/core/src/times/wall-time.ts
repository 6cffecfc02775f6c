import { Temporal } from 'temporal-polyfill';
import { type Issue, issue } from '../issue.ts';
import type { WallTime } from '../names/parsed-name.ts';

/** An instant in epoch milliseconds, and what was unusual about it. */
export interface ResolvedTime {
  readonly instant: number;
  /** TIME_NONEXISTENT or TIME_AMBIGUOUS. */
  readonly warnings: readonly Issue[];
}

/** Years kept: any zone's offset still leaves a four-digit RFC 3339 year. */
const FIRST_YEAR = 1900;
const LAST_YEAR = 9998;

const IANA_NAME = /^[A-Za-z][A-Za-z0-9_+\-/]*$/;

/**
 * Whether a string is an IANA time zone such as `America/New_York`. A bare offset is not: it knows no summer. Names such as
 * `BST` are not either, although `Intl` knows them: they mean several zones, and times are not calculated by them. Source:
 * case 111.
 */
export function isTimeZone(text: string): boolean {
  if (text.length > 64 || !IANA_NAME.test(text)) return false;
  try {
    return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(text).timeZoneId !== '';
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** Minutes east of UTC that clocks of a zone show at an instant. */
export const offsetMinutesAt = (instantMs: number, timeZone: string): number =>
  Temporal.Instant.fromEpochMilliseconds(instantMs).toZonedDateTimeISO(timeZone).offsetNanoseconds /
  60_000_000_000;

function daysInMonth(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/** The wall time if it is on the calendar and the 24-hour clock, else null. Second 60, a leap second, becomes 59. */
export function makeWallTime(parts: WallTime): WallTime | null {
  const { year, month, day, hour, minute, second } = parts;
  if (year < FIRST_YEAR || year > LAST_YEAR || month < 1 || month > 12) return null;
  if (day < 1 || day > daysInMonth(year, month)) return null;
  if (hour > 23 || minute > 59 || second > 60) return null;
  return second === 60 ? { ...parts, second: 59 } : parts;
}

/** Whether an instant, in epoch milliseconds, lies in the years that are kept. */
export function isStorableInstant(instantMs: number): boolean {
  return instantMs >= Date.UTC(FIRST_YEAR, 0, 1) && instantMs < Date.UTC(LAST_YEAR + 1, 0, 1);
}

/** Epoch milliseconds of a wall time read as UTC. */
export function utcMsOf(wall: WallTime): number {
  return Date.UTC(wall.year, wall.month - 1, wall.day, wall.hour, wall.minute, wall.second);
}

/** RFC 3339 in UTC with milliseconds, the form in which instants are kept: it sorts as text. */
export function formatInstant(instantMs: number): string {
  return new Date(instantMs).toISOString();
}

/** Both readings of a wall time in a zone, in epoch milliseconds; they differ only in a gap or an overlap. */
function readingsOf(wall: WallTime, timeZone: string) {
  const plain = new Temporal.PlainDateTime(
    wall.year,
    wall.month,
    wall.day,
    wall.hour,
    wall.minute,
    wall.second,
  );
  const earlier = plain.toZonedDateTime(timeZone, { disambiguation: 'earlier' });
  const later = plain.toZonedDateTime(timeZone, { disambiguation: 'later' });
  return {
    earlier: earlier.epochMilliseconds,
    later: later.epochMilliseconds,
    isInGap: !later.toPlainDateTime().equals(plain),
  };
}

/** Every instant at which clocks of the zone showed this time: one, two in an overlap; in a gap the resolved one. */
export function wallTimeCandidates(wall: WallTime, timeZone: string): readonly number[] {
  const { earlier, later, isInGap } = readingsOf(wall, timeZone);
  return isInGap || earlier === later ? [later] : [earlier, later];
}

/**
 * The instant of a wall time in an IANA zone. In a gap (clocks never showed it) it is read with the offset from
 * before the gap, so 02:30 becomes 03:30, with TIME_NONEXISTENT. In an overlap (they showed it twice) it is the
 * later one that is not after arrival, else the earlier, with TIME_AMBIGUOUS. Source: C10.
 */
export function resolveWallTime(wall: WallTime, timeZone: string, receivedAtMs: number): ResolvedTime {
  const { earlier, later, isInGap } = readingsOf(wall, timeZone);
  if (earlier === later) return { instant: later, warnings: [] };
  if (isInGap) {
    const message = `Clocks in ${timeZone} skipped this time; it was read with the offset before the change.`;
    return { instant: later, warnings: [issue('TIME_NONEXISTENT', message)] };
  }
  const message = `Clocks in ${timeZone} showed this time twice; the one nearest before arrival was used.`;
  return { instant: later <= receivedAtMs ? later : earlier, warnings: [issue('TIME_AMBIGUOUS', message)] };
}
