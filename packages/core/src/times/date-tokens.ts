import { readFraction } from './time-reading.ts';
import { weekdayNamed } from './weekdays.ts';

export type DateField =
  | 'year'
  | 'month'
  | 'day'
  | 'hour'
  | 'hour12'
  | 'halfDay'
  | 'minute'
  | 'second'
  | 'fraction'
  | 'offset'
  | 'weekday';

/** How one letter run of a date pattern is read. */
export interface DateToken {
  readonly field: DateField;
  /** Sticky. */
  readonly text: RegExp;
  /** Fewest and most digits it spans; null for words and offsets. */
  readonly digits: readonly [number, number] | null;
  readonly read: (text: string) => number;
}

const MONTHS = 'january february march april may june july august september october november december'.split(
  ' ',
);

/** 1 to 12, or 0 for a word that is not a month; no calendar has a month 0. */
const monthNamed = (word: string) => MONTHS.indexOf(word.toLowerCase()) + 1;
export const monthAbbreviated = (word: string) =>
  word.toLowerCase() === 'sept'
    ? 9
    : MONTHS.findIndex((month) => month.slice(0, 3) === word.toLowerCase()) + 1;

function digits(
  field: DateField,
  [least, most]: readonly [number, number],
  read: (text: string) => number = Number,
): DateToken {
  return { field, text: new RegExp(`\\d{${least},${most}}`, 'y'), digits: [least, most], read };
}

function words(field: DateField, text: RegExp, read: (text: string) => number): DateToken {
  return { field, text, digits: null, read };
}

/** Every letter run a date pattern may hold. Names of months and days are English; `yy` is 2000 to 2099. */
export const DATE_TOKENS: ReadonlyMap<string, DateToken> = new Map([
  ['yyyy', digits('year', [4, 4])],
  ['yy', digits('year', [2, 2], (text) => 2000 + Number(text))],
  ['MMMM', words('month', /[a-z]+/iy, monthNamed)],
  ['MMM', words('month', /[a-z]+/iy, monthAbbreviated)],
  ['MM', digits('month', [2, 2])],
  ['M', digits('month', [1, 2])],
  ['dd', digits('day', [2, 2])],
  ['d', digits('day', [1, 2])],
  ['HH', digits('hour', [2, 2])],
  ['H', digits('hour', [1, 2])],
  ['hh', digits('hour12', [2, 2])],
  ['h', digits('hour12', [1, 2])],
  ['a', words('halfDay', /[ap]\.?m\.?/iy, (text) => (/^p/i.test(text) ? 12 : 0))],
  ['mm', digits('minute', [2, 2])],
  ['m', digits('minute', [1, 2])],
  ['ss', digits('second', [2, 2])],
  ['s', digits('second', [1, 2])],
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((count): [string, DateToken] => [
    'S'.repeat(count),
    digits('fraction', [count, count], readFraction),
  ]),
  ...['EEE', 'EEEE'].map((run): [string, DateToken] => [
    run,
    words('weekday', /[a-z]+\.?/iy, (text) => weekdayNamed(text.replace('.', ''))),
  ]),
  ['z', words('offset', /Z|UTC?|GMT|[ECMP][SD]T/iy, Number)],
  ...['X', 'XX', 'XXX'].map((run): [string, DateToken] => [
    run,
    words('offset', /Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?/iy, Number),
  ]),
]);
