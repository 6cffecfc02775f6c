/** What a plain number of a duration counts, or the one clock form that its values have. */
export const DURATION_UNITS = ['ms', 's', 'min', 'h', 'mm:ss', 'hh:mm', 'hh:mm:ss'] as const;
export type DurationUnit = (typeof DURATION_UNITS)[number];

const SECONDS_OF: Readonly<Partial<Record<DurationUnit, number>>> = { s: 1, min: 60, h: 3600 };
/** What a text has to look like where the unit is a clock form. */
const CLOCK_FORMS: Readonly<Partial<Record<DurationUnit, RegExp>>> = {
  'mm:ss': /^\d{1,5}:[0-5]\d(?:\.\d{1,9})?$/,
  'hh:mm': /^\d{1,5}:[0-5]\d$/,
  'hh:mm:ss': /^\d{1,5}:[0-5]\d:[0-5]\d(?:\.\d{1,9})?$/,
};

const MAX_DURATION_CHARS = 40;

const SECONDS = /^\d{1,9}(?:\.\d{1,9})?$/;
/** Up to some 30,000 years, as Java writes a double. */
const SECONDS_OF_JSON = /^(?:0|[1-9])(?:\.\d{1,17})?E(?:-\d{1,2}|[+]?\d|[+]?1[01])$/i;
const CLOCK = /^(?:(?<hours>\d{1,5}):(?=\d{2}:))?(?<minutes>\d{1,5}):(?<seconds>[0-5]\d(?:\.\d{1,9})?)$/;
const ISO =
  /^P(?=.)(?:(?<days>\d{1,5})D)?(?:T(?=\d)(?:(?<hours>\d{1,6})H)?(?:(?<minutes>\d{1,7})M)?(?:(?<seconds>\d{1,9}(?:[.,]\d{1,9})?)S)?)?$/i;

/**
 * Reads a length of time in a unit as seconds. Numbers count the unit; with `ms`, `s`, `min` and `h` clock and ISO forms
 * say their units themselves. With a clock form as the unit nothing else is read, so that `1:30` is never taken for both.
 */
export function readDurationIn(text: string, unit: DurationUnit): number | null {
  const form = CLOCK_FORMS[unit];
  if (form !== undefined) {
    if (text.length > MAX_DURATION_CHARS || !form.test(text)) return null;
    return readDuration(unit === 'hh:mm' ? `${text}:00` : text);
  }
  const value = readDuration(text);
  if (value === null || !(SECONDS.test(text) || SECONDS_OF_JSON.test(text))) return value;
  if (unit === 'ms') return value / 1000;
  // Decimal minutes are not exact in binary: a millisecond is finer than any of them means.
  return Math.round(value * SECONDS_OF[unit]! * 1000) / 1000;
}

/**
 * Reads a length of time as seconds: `95`, `95.5`, `1.2E3`, `mm:ss`, `hh:mm:ss`, or ISO 8601 up to days (`PT1M35S`); null
 * where the text is none of them. With hours, minutes stay below 60; negative lengths are refused.
 */
export function readDuration(text: string): number | null {
  if (text.length > MAX_DURATION_CHARS) return null;
  if (SECONDS.test(text) || SECONDS_OF_JSON.test(text)) return Number(text);
  const groups = (CLOCK.exec(text) ?? ISO.exec(text))?.groups;
  if (groups === undefined) return null;
  const of = (unit: string) => Number((groups[unit] ?? '0').replace(',', '.'));
  const isClock = text.includes(':');
  if (isClock && groups.hours !== undefined && of('minutes') > 59) return null;
  return of('days') * 86_400 + of('hours') * 3_600 + of('minutes') * 60 + of('seconds');
}
