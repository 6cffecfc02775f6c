import type { RawRecord } from '../mapping/field-mapping.ts';
import type { SampledField } from './describe-fields.ts';
import { guessFormats } from './guess-formats.ts';
import { nameKey } from './known-targets.ts';

const TIME_OF_DAY = /^\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?: ?[ap]\.?m\.?)?$/i;
const DATE_WORDS = /date|datum|day|tag|fecha|data/g;
const TIME_WORDS = /time|uhrzeit|zeit|hora|heure|ora/g;

/** Whether a field's formats, chosen or open, give a day alone. */
export function isDateAlone({ type, formats, ambiguous }: SampledField): boolean {
  const all = [...formats, ...ambiguous];
  const isDate = (format: string): boolean => !/^(?:iso|rfc|epoch|dotnet)|[Hh]/.test(format);
  return type === 'instant' && all.length > 0 && all.every(isDate);
}

/**
 * The fields of a sample with each date and its time of day as one: `Call Date` and `Call Time`, or the only date and the
 * only time of day. The joined field has the date's name, and a weekday in it may decide what the date alone leaves open.
 * Source: case 126.
 */
export function joinTimes(fields: readonly SampledField[], records: readonly RawRecord[]): SampledField[] {
  const valuesOf = ({ name }: SampledField): string[] =>
    records.map((record) => record.fields[name]?.trim() ?? '');
  const isTimeOfDay = (field: SampledField): boolean =>
    field.type !== 'duration' &&
    field.filled > 0 &&
    valuesOf(field).every((value) => value === '' || TIME_OF_DAY.test(value));
  const dates = fields.filter(isDateAlone);
  const times = fields.filter(isTimeOfDay);
  const pairs = new Map<SampledField, SampledField>();
  for (const date of dates) {
    const stem = nameKey(date.name).replace(DATE_WORDS, '');
    const named = times.filter(({ name }) => nameKey(name).replace(TIME_WORDS, '') === stem);
    const candidates = named.length > 0 || dates.length > 1 ? named : times;
    const [time, ...others] = candidates;
    if (time !== undefined && others.length === 0 && ![...pairs.values()].includes(time))
      pairs.set(date, time);
  }
  const joined = new Set(pairs.values());
  return fields
    .filter((field) => !joined.has(field))
    .map((field) => {
      const time = pairs.get(field);
      return time === undefined ? field : join(field, time, valuesOf(field), valuesOf(time));
    });
}

function join(
  date: SampledField,
  time: SampledField,
  dates: readonly string[],
  times: readonly string[],
): SampledField {
  const texts = dates
    .map((text, index) => [text, times[index] ?? ''])
    .filter((parts) => parts.every((part) => part !== ''))
    .map((parts) => parts.join(' '));
  return { ...date, ...guessFormats(texts), source: { join: [date.name, time.name] } };
}
