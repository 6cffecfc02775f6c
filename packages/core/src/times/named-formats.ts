import { monthAbbreviated } from './date-tokens.ts';
import { readIsoTime } from './iso-time.ts';
import { checkWeekday, type FalseWeekday, type TimeReading, toReading } from './time-reading.ts';
import { isStorableInstant, isTimeZone, offsetMinutesAt } from './wall-time.ts';
import { weekdayNamed } from './weekdays.ts';

const RFC3339 = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/i;

/** RFC 3339: a date, a time with seconds, and an offset. */
export const readRfc3339 = (text: string): TimeReading | null =>
  RFC3339.test(text) ? readIsoTime(text) : null;

const RFC9557 = /^([^[\]]+)((?:\[[^[\]]{1,64}\]){1,8})$/;
const SUFFIX = /\[(!?)([^[\]]+)\]/g;

/**
 * RFC 9557: RFC 3339 with a zone and other notes in brackets. A zone that has another offset at that instant, an unknown
 * zone, and a note that is critical (`!`) and means nothing here, refuse the text.
 */
export function readRfc9557(text: string): TimeReading | null {
  const [, time = text, suffixes = ''] = RFC9557.exec(text) ?? [];
  const reading = readRfc3339(time);
  if (reading?.kind !== 'absolute') return null;
  for (const [, critical, note = ''] of suffixes.matchAll(SUFFIX)) {
    if (note.includes('=')) {
      if (critical === '!' && note !== 'u-ca=gregory' && note !== 'u-ca=iso8601') return null;
    } else if (!agrees(time, reading.instant, note)) return null;
  }
  return reading;
}

/** Whether a zone, or an offset in brackets, is the one that the time was written in. `Z` says nothing of the zone. */
function agrees(time: string, instant: number, zone: string): boolean {
  const written = /[+-]\d{2}:\d{2}$/.exec(time)?.[0];
  if (/^[+-]\d{2}:\d{2}$/.test(zone)) return written === undefined || written === zone;
  if (!isTimeZone(zone)) return false;
  if (written === undefined || written === '-00:00') return true;
  const sign = written.startsWith('-') ? -1 : 1;
  const minutes = sign * (Number(written.slice(1, 3)) * 60 + Number(written.slice(4)));
  return offsetMinutesAt(instant, zone) === minutes;
}

const RFC2822 =
  /^(?:([a-z]{3}), ?)?(\d{1,2}) ([a-z]{3}) (\d{4}|\d{2}) (\d{2}):(\d{2})(?::(\d{2}))? ([+-]\d{4}|UTC?|GMT|Z|[ECMP][SD]T)(?: ?\([^()]{0,40}\))?$/i;

/** RFC 2822 (and 5322), as mail and HTTP write it: `Mon, 16 Nov 2026 15:04:12 +0000`. */
export function readRfc2822(text: string): TimeReading | FalseWeekday | null {
  const match = RFC2822.exec(text);
  if (match === null) return null;
  const [, weekday, day, month = '', year = '', hour, minute, second = '0', zone = ''] = match;
  const written = Number(year);
  // Two digits are of this century below 50, as the RFC has it.
  const century = year.length === 4 ? 0 : written < 50 ? 2000 : 1900;
  const wall = {
    year: written + century,
    month: monthAbbreviated(month),
    day: Number(day),
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second),
  };
  return checkWeekday(
    toReading(wall, 0, zone),
    wall,
    weekday === undefined ? undefined : weekdayNamed(weekday),
  );
}

/** `/Date(1794841452000)/` of .NET: milliseconds since 1970 in UTC; an offset after them only says where it was written. */
export function readDotNetDate(text: string): TimeReading | null {
  const millis = /^\\?\/Date\((-?\d{1,15})(?:[+-]\d{4})?\)\\?\/$/.exec(text)?.[1];
  if (millis === undefined || !isStorableInstant(Number(millis))) return null;
  return { kind: 'absolute', instant: Number(millis) };
}
