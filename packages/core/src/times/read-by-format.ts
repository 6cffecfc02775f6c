import type { DateFormat, DatePart } from './date-format.ts';
import type { DateField } from './date-tokens.ts';
import { readIsoTime } from './iso-time.ts';
import { readDotNetDate, readRfc2822, readRfc3339, readRfc9557 } from './named-formats.ts';
import {
  checkWeekday,
  type FalseWeekday,
  readFraction,
  type TimeReading,
  toReading,
} from './time-reading.ts';
import { isStorableInstant } from './wall-time.ts';

function readEpoch(text: string, unitMs: number): TimeReading | null {
  const match = /^(\d{1,15})(?:\.(\d{1,9}))?$/.exec(text);
  if (match === null) return null;
  const thousandths = unitMs === 1 ? 0 : readFraction(match[2] ?? '');
  const instant = Number(match[1]) * unitMs + thousandths;
  return isStorableInstant(instant) ? { kind: 'absolute', instant } : null;
}

function readParts(
  text: string,
  parts: readonly DatePart[],
): { fields: Map<DateField, number>; offset: string | null } | null {
  const fields = new Map<DateField, number>();
  let offset: string | null = null;
  let at = 0;
  for (const part of parts) {
    if (typeof part === 'string') {
      if (!text.startsWith(part, at)) return null;
      at += part.length;
      continue;
    }
    part.text.lastIndex = at;
    const found = part.text.exec(text)?.[0];
    if (found === undefined) return null;
    if (part.field === 'offset') offset = found;
    else fields.set(part.field, part.read(found));
    at += found.length;
  }
  return at === text.length ? { fields, offset } : null;
}

function readPattern(text: string, parts: readonly DatePart[]): TimeReading | FalseWeekday | null {
  const found = readParts(text, parts);
  if (found === null) return null;
  const of = (field: DateField) => found.fields.get(field) ?? 0;
  const hour12 = found.fields.get('hour12');
  if (hour12 !== undefined && (hour12 < 1 || hour12 > 12)) return null;
  const hour = hour12 === undefined ? of('hour') : (hour12 % 12) + of('halfDay');
  const wall = {
    year: of('year'),
    month: of('month'),
    day: of('day'),
    hour,
    minute: of('minute'),
    second: of('second'),
  };
  const reading = toReading(wall, of('fraction'), found.offset);
  return checkWeekday(reading, wall, found.fields.get('weekday'));
}

/**
 * Reads trimmed text with single blanks by one format; null where the text does not follow it to the end, or
 * names no real time. A date on another day of the week than it says comes back as such.
 */
export function readByFormat(text: string, format: DateFormat): TimeReading | FalseWeekday | null {
  switch (format.kind) {
    case 'iso8601':
      return readIsoTime(text);
    case 'rfc3339':
      return readRfc3339(text);
    case 'rfc9557':
      return readRfc9557(text);
    case 'rfc2822':
      return readRfc2822(text);
    case 'dotnet':
      return readDotNetDate(text);
    case 'epoch':
      return readEpoch(text, format.unitMs);
    case 'pattern':
      return readPattern(text, format.parts);
  }
  return format satisfies never;
}
