import { readFraction, type TimeReading, toReading } from './time-reading.ts';

const OFFSET = '(?: ?(?<offset>Z|UTC|GMT|[+-]\\d{2}(?::?\\d{2})?))?';
const EXTENDED = '(\\d{4})-(\\d{2})-(\\d{2})[T ](\\d{2}):(\\d{2})(?::(\\d{2})(?:[.,](\\d{1,9}))?)?';
const BASIC = '(\\d{4})(\\d{2})(\\d{2})T(\\d{2})(\\d{2})(?:(\\d{2})(?:[.,](\\d{1,9}))?)?';
const ISO_FORMS = [new RegExp(`^${EXTENDED}${OFFSET}$`, 'i'), new RegExp(`^${BASIC}${OFFSET}$`, 'i')];

/**
 * Reads a date and time in ISO 8601, extended (`2021-05-11T21:59:59Z`, a blank for the T allowed) or basic
 * (`20210511T215959Z`), the offset optional; null where it is none. A date alone, week dates, ordinal dates and
 * hour 24 are not read. Expects trimmed text with single blanks.
 */
export function readIsoTime(text: string): TimeReading | null {
  for (const form of ISO_FORMS) {
    const match = form.exec(text);
    if (match === null) continue;
    const [year, month, day, hour, minute, second] = match.slice(1, 7).map((digits) => Number(digits ?? 0));
    const parts = { year: year!, month: month!, day: day!, hour: hour!, minute: minute!, second: second! };
    return toReading(parts, readFraction(match[7] ?? ''), match.groups?.offset ?? null);
  }
  return null;
}
