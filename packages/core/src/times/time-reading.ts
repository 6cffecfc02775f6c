import type { WallTime } from '../names/parsed-name.ts';
import { makeWallTime, utcMsOf } from './wall-time.ts';
import { WEEKDAYS } from './weekdays.ts';

/** What a text says before any zone is applied: an instant, or a wall time and the milliseconds after it. */
export type TimeReading =
  | { readonly kind: 'absolute'; readonly instant: number }
  | { readonly kind: 'wall'; readonly wall: WallTime; readonly millis: number };

/** A text that follows its format and names a day of the week that its date is not. */
export interface FalseWeekday {
  readonly kind: 'falseWeekday';
  readonly said: string;
  readonly real: string;
}

/** A reading, unless it names a day of the week (0 is Sunday) that the date is not. */
export function checkWeekday(
  reading: TimeReading | null,
  { year, month, day }: Pick<WallTime, 'year' | 'month' | 'day'>,
  weekday: number | undefined,
): TimeReading | FalseWeekday | null {
  if (reading === null || weekday === undefined) return reading;
  if (weekday < 0) return null;
  const real = new Date(Date.UTC(year, month - 1, day)).getUTCDay();
  return real === weekday
    ? reading
    : { kind: 'falseWeekday', said: nameOfDay(weekday), real: nameOfDay(real) };
}

const nameOfDay = (index: number): string => {
  const name = WEEKDAYS[index]!;
  return name[0]!.toUpperCase() + name.slice(1);
};

/** Hours east of UTC of the zone names that RFC 2822 gives one meaning. */
const NAMED_OFFSETS: ReadonlyMap<string, number> = new Map([
  ['ut', 0],
  ['est', -5],
  ['edt', -4],
  ['cst', -6],
  ['cdt', -5],
  ['mst', -7],
  ['mdt', -6],
  ['pst', -8],
  ['pdt', -7],
]);

/** Minutes east of UTC of `Z`, `UTC`, `GMT`, `+05`, `+0530` or `+05:30`; null where it is none of them. */
function readOffset(text: string): number | null {
  if (/^(?:Z|UTC|GMT)$/i.test(text)) return 0;
  const named = NAMED_OFFSETS.get(text.toLowerCase());
  if (named !== undefined) return named * 60;
  const match = /^([+-])(\d{2})(?::?(\d{2}))?$/.exec(text);
  if (match === null) return null;
  const hours = Number(match[2]);
  const minutes = Number(match[3] ?? 0);
  if (hours > 23 || minutes > 59) return null;
  return (match[1] === '-' ? -1 : 1) * (hours * 60 + minutes);
}

/** Milliseconds of a decimal fraction's digits: `5` is 500. Anything finer is cut off. */
export function readFraction(digits: string): number {
  return Number(digits.slice(0, 3).padEnd(3, '0'));
}

/** Joins the parts of a date with an offset, if one was written; null where they make no real time. */
export function toReading(parts: WallTime, millis: number, offset: string | null): TimeReading | null {
  const wall = makeWallTime(parts);
  if (wall === null) return null;
  if (offset === null) return { kind: 'wall', wall, millis };
  const offsetMinutes = readOffset(offset);
  if (offsetMinutes === null) return null;
  return { kind: 'absolute', instant: utcMsOf(wall) + millis - offsetMinutes * 60_000 };
}
