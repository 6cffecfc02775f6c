import { compileDateFormat } from '../times/date-format.ts';
import { readByFormat } from '../times/read-by-format.ts';
import { weekdayNamed } from '../times/weekdays.ts';

/** Which date formats read every one of some texts. */
export interface GuessedFormats {
  /** To be tried in order; empty where nothing reads them all, or where it stays ambiguous. */
  readonly formats: readonly string[];
  /** Formats that read all of them, as different days: only the sender knows which is meant. */
  readonly ambiguous: readonly string[];
}

const NONE: GuessedFormats = { formats: [], ambiguous: [] };

const MAX_CANDIDATES_OF = 5;
const MAX_FORMATS = 3;

/** Numbers or a month's name in three parts under one separator, and what follows. */
const DIVIDED =
  /^(\d{1,4}|[A-Za-z]{3,9})([-/. ])(\d{1,2}|[A-Za-z]{3,9})(,? ?|[-/.])(\d{2}|\d{4})(?![\d])(.*)$/;
const COMPACT = /^(\d{8})(?:([-_T ]?)(\d{6}|\d{4}))?$/;
const CLOCK =
  /^(T| |, | at )(\d{1,2})(:\d{2})?(:\d{2})?(\.\d{1,9})?( ?)([ap]\.?m\.?)?( ?)(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?$/i;

/** What follows the date, as a format; null where it is not a time of day. */
function clockFormat(rest: string): string | null {
  if (rest === '') return '';
  const match = CLOCK.exec(rest);
  if (match === null) return null;
  const [, joint = '', hour = '', minute, second, fraction, , half, , offset] = match;
  if (minute === undefined && half === undefined) return null;
  const letter = half === undefined ? 'H' : 'h';
  const blank = rest.match(/\d( ?)[ap]\.?m/i)?.[1] ?? '';
  const beforeOffset = offset === undefined ? '' : rest.endsWith(` ${offset}`) ? ' XXX' : 'XXX';
  return [
    joint === ' at ' ? " 'at' " : joint,
    hour.length === 2 && half === undefined ? letter.repeat(2) : letter,
    minute === undefined ? '' : ':mm',
    second === undefined ? '' : ':ss',
    fraction === undefined ? '' : `.${'S'.repeat(fraction.length - 1)}`,
    half === undefined ? '' : `${blank}a`,
    beforeOffset,
  ].join('');
}

const isWord = (part: string): boolean => /^[A-Za-z]/.test(part);
const monthWord = (word: string): string => (word.length > 4 ? 'MMMM' : 'MMM');

/** The orders that three parts can have; month before day first, as the writers of such files mostly mean it. */
function dateFormats(first: string, one: string, second: string, two: string, third: string): string[] {
  const year = 'y'.repeat(third.length);
  if (isWord(first)) return [`${monthWord(first)}${one}d${two}${year}`];
  if (isWord(second)) {
    return first.length === 4
      ? [`yyyy${one}${monthWord(second)}${two}d`]
      : [`d${one}${monthWord(second)}${two}${year}`];
  }
  if (first.length === 4) return [`yyyy${one}MM${two}dd`, `yyyy${one}M${two}d`];
  if (first.length > 2) return [];
  const orders = (month: string, day: string) => [
    `${month}${one}${day}${two}${year}`,
    `${day}${one}${month}${two}${year}`,
  ];
  const short = third.length === 2 ? [`yy${one}MM${two}dd`] : [];
  return [...orders('MM', 'dd'), ...short, ...orders('M', 'd')];
}

const WEEKDAY = /^([A-Za-z]{3,9})(,? )(?=.)/;

/** The candidates of the rest behind a day of the week, with that day before them. */
function candidatesOf(text: string): string[] {
  const [start = '', word = '', joint = ''] = WEEKDAY.exec(text) ?? [];
  if (weekdayNamed(word) === -1) return candidatesOfDate(text);
  const token = word.length > 5 ? 'EEEE' : 'EEE';
  return candidatesOfDate(text.slice(start.length)).map((format) => `${token}${joint}${format}`);
}

function candidatesOfDate(text: string): string[] {
  const compact = COMPACT.exec(text);
  if (compact !== null) {
    const [, , joint = '', clock] = compact;
    const quoted = joint === '_' ? "'_'" : joint;
    if (clock === undefined) return ['yyyyMMdd'];
    return [`yyyyMMdd${quoted}${clock.length === 6 ? 'HHmmss' : 'HHmm'}`];
  }
  const divided = DIVIDED.exec(text);
  if (divided === null) return [];
  const [, first = '', one = '', second = '', two = '', third = '', rest = ''] = divided;
  const isOneSeparator = one === two || isWord(first) || isWord(second);
  const clock = clockFormat(rest);
  if (!isOneSeparator || clock === null) return [];
  const clocks = clock.includes('HH') ? [clock, clock.replace('HH', 'H')] : [clock];
  return clocks.flatMap((each) =>
    dateFormats(first, one, second, two, third).map((date) => `${date}${each}`),
  );
}

const oneLine = (text: string): string => text.trim().replace(/\s+/g, ' ');

/** A format as a test of texts; compiled once for all of them. */
function readerOf(format: string): (text: string) => boolean {
  const compiled = compileDateFormat(format);
  if (!('format' in compiled)) return () => false;
  return (text) => {
    const reading = readByFormat(text, compiled.format);
    return reading !== null && reading.kind !== 'falseWeekday';
  };
}

const isIso = readerOf('iso8601');
const NAMED = ['rfc2822', 'rfc9557', 'dotnet'].map((format) => ({ format, canRead: readerOf(format) }));

/** Same order of year, month and day, whatever their widths. */
const orderOf = (format: string): string =>
  format
    .replace(/'[^']*'/g, '')
    .replace(/[^yMd]/g, '')
    .replace(/(.)\1+/g, '$1');

/** The first format of each order: where two digits and one both fit, the stricter is enough. */
function oneOfEachOrder(formats: readonly string[]): string[] {
  const byOrder = new Map<string, string>();
  for (const format of formats) if (!byOrder.has(orderOf(format))) byOrder.set(orderOf(format), format);
  return [...byOrder.values()];
}

/** The formats that read all of these texts, which share one shape. */
function readersOf(texts: readonly string[]): string[] {
  const candidates = new Set(texts.slice(0, MAX_CANDIDATES_OF).flatMap(candidatesOf));
  const readers = [...candidates].map((format) => ({ format, canRead: readerOf(format) }));
  const fitting = readers.filter(({ canRead }) => texts.every(canRead)).map(({ format }) => format);
  return oneOfEachOrder(fitting);
}

/** Kinds of text that no one format reads: with and without a word, a fraction, a half of the day, an offset. */
const shapeOf = (text: string): string =>
  text
    .replace(/\d{3,}/g, '0000')
    .replace(/\d{1,2}/g, '0')
    .replace(/[ap]\.?m\.?/gi, 'a')
    .replace(/[+-]0(?::?0)?$|Z$/g, 'X')
    .replace(/[A-Za-z]{2,}/g, 'w');

/**
 * The date formats of some texts, of which none may be empty. A format is proposed only where no other order of day and
 * month reads them too: `05-12-2024` alone stays ambiguous, until a day past the twelfth decides it. Source: case 63.
 */
export function guessFormats(values: readonly string[]): GuessedFormats {
  const texts = values.map(oneLine);
  const rest = texts.filter((text) => !isIso(text));
  if (texts.length === 0) return NONE;
  if (rest.length === 0) return { formats: ['iso8601'], ambiguous: [] };
  const named = NAMED.find(({ canRead }) => texts.every(canRead));
  if (named !== undefined) return { formats: [named.format], ambiguous: [] };
  const together = readersOf(rest);
  const groups = together.length > 0 ? new Map<string, string[]>() : Map.groupBy(rest, shapeOf);
  const found = together.length > 0 ? [together] : [...groups.values()].map(readersOf);
  if (found.length > MAX_FORMATS || found.some((formats) => formats.length === 0)) return NONE;
  // One text of a shape may decide what another leaves open: a sender writes days and months in one order.
  const orders = found.map((formats) => new Set(formats.map(orderOf)));
  const shared = found.map((formats) =>
    formats.filter((format) => orders.every((order) => order.has(orderOf(format)) || order.size === 0)),
  );
  const usable = shared.every((formats) => formats.length > 0) ? shared : found;
  const iso = rest.length < texts.length ? ['iso8601'] : [];
  if (usable.every((formats) => formats.length === 1))
    return { formats: [...usable.flat(), ...iso], ambiguous: [] };
  return { formats: [], ambiguous: usable.find((formats) => formats.length > 1) ?? [] };
}

/** Seconds or milliseconds since 1970 between 2001 and 2065, for a field whose name says that it is a time. */
export function guessEpoch(values: readonly string[]): 'epochSeconds' | 'epochMillis' | null {
  const all = (form: RegExp) => values.length > 0 && values.every((value) => form.test(value.trim()));
  if (all(/^[12]\d{9}(?:\.\d{1,9})?$/)) return 'epochSeconds';
  return all(/^[12]\d{12}$/) ? 'epochMillis' : null;
}
