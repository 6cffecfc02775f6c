import { type Issue, issue } from '../issue.ts';
import { trimMarks, withoutMarks } from '../text/marks.ts';
import { quoteValue } from '../text/quote-value.ts';
import { parseInstant } from '../times/parse-instant.ts';
import { formatInstant } from '../times/wall-time.ts';
import { isEmptyText } from './empty-words.ts';
import { findAlias } from './enum-aliases.ts';
import { EXCEL_EXPONENT, hintOfExcel } from './excel-hints.ts';
import type { FieldMapping, FieldType, FieldValue } from './field-mapping.ts';
import { labelOf } from './field-source.ts';
import { type DurationUnit, readDuration, readDurationIn } from './read-duration.ts';
import { readNumber } from './read-number.ts';
import { readPhone } from './read-phone.ts';

const MAX_VALUE_CHARS = 255;
const MAX_WORDS_TOLD = 12;

export interface ValueContext {
  readonly timeZone: string | null;
  readonly receivedAtMs: number;
  readonly defaultCountry: string | undefined;
  /** Replaces the default words, and then for strings too; undefined keeps them. */
  readonly emptyWords: readonly string[] | undefined;
  /** Aliases of an enum that names none of its own. */
  readonly enumAliases: Readonly<Record<string, string>> | undefined;
}

/** A typed value; null where the source was empty, or where `issues` says it could not be read. */
export interface ReadValue {
  readonly value: FieldValue;
  readonly issues: readonly Issue[];
  readonly warnings: readonly Issue[];
  readonly needsTimeZone: boolean;
}

const accepted = (value: FieldValue, warnings: readonly Issue[] = []): ReadValue => ({
  value,
  issues: [],
  warnings,
  needsTimeZone: false,
});

const orRefused = (value: FieldValue, expected: string, at: string): ReadValue =>
  value !== null
    ? accepted(value)
    : {
        value,
        issues: [issue('METADATA_INVALID', `Expected ${expected}.`, at)],
        warnings: [],
        needsTimeZone: false,
      };

/** VALUE_TOO_LONG for a text over 255 characters, which is kept whole. Source: K4. */
export function checkLength(value: FieldValue, at: string): Issue[] {
  // Code units first: they are never fewer than characters, and counting those walks the whole text.
  if (typeof value !== 'string' || value.length <= MAX_VALUE_CHARS || [...value].length <= MAX_VALUE_CHARS)
    return [];
  return [
    issue('VALUE_TOO_LONG', `The value is over ${MAX_VALUE_CHARS} characters; it is kept in full.`, at),
  ];
}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...['true', 't', 'yes', 'y', 'on', '1'].map((word): [string, boolean] => [word, true]),
  ...['false', 'f', 'no', 'n', 'off', '0'].map((word): [string, boolean] => [word, false]),
]);

/** Something on both sides of one `@`, without blanks; whether mail arrives there is not asked. */
const EMAIL = /^[^\s@]+@[^\s@]+$/;

function readInstant(text: string, field: FieldMapping, context: ValueContext, at: string): ReadValue {
  const { timeZone, receivedAtMs } = context;
  const parsed = parseInstant(text, { formats: field.formats ?? [], timeZone, receivedAtMs });
  return {
    value: parsed.instant === null ? null : formatInstant(parsed.instant),
    issues: parsed.issues.map((found) => ({ ...found, at })),
    warnings: parsed.warnings.map((found) => ({ ...found, at })),
    needsTimeZone: parsed.needsTimeZone,
  };
}

function readPhoneOrText(
  text: string,
  source: string,
  defaultCountry: string | undefined,
  at: string,
): ReadValue {
  const phone = readPhone(text, defaultCountry);
  if (phone !== null) return accepted(phone);
  // Fields for telephone numbers also hold extensions and "anonymous": not a reason to hold a call.
  return accepted(source.trim(), [
    EXCEL_EXPONENT.test(text)
      ? issue('EXCEL_NUMBER', `Found ${text}. ${hintOfExcel(text)}`, at)
      : issue('PHONE_UNPARSED', 'Not a telephone number; the text is kept unchanged.', at),
  ]);
}

function aliasesOf(field: FieldMapping, context: ValueContext): Readonly<Record<string, string>> {
  const own = field.aliases ?? {};
  return Object.keys(own).length > 0 ? own : (context.enumAliases ?? {});
}

/** The words that an enum reads, aliases and values, each once. */
function wordsOf(aliases: Readonly<Record<string, string>>): string {
  const words = [...new Set([...Object.keys(aliases), ...Object.values(aliases)])];
  const shown = words.slice(0, MAX_WORDS_TOLD).map((word) => quoteValue(word));
  return words.length > shown.length
    ? `${shown.join(', ')} and ${words.length - shown.length} more`
    : shown.join(', ');
}

function readDurationAs(text: string, unit: DurationUnit | undefined, at: string): ReadValue {
  if (unit === undefined) {
    const expected = 'seconds, mm:ss, hh:mm:ss or ISO 8601 such as PT1M35S';
    return orRefused(readDuration(text), expected, at);
  }
  return orRefused(readDurationIn(text, unit), `a duration in ${unit}`, at);
}

function readEnum(text: string, aliases: Readonly<Record<string, string>>, at: string): ReadValue {
  if (Object.keys(aliases).length === 0) return accepted(text);
  return orRefused(findAlias(aliases, text), `one of ${wordsOf(aliases)}, found ${quoteValue(text)}`, at);
}

const trimmed = (source: string, { type }: FieldMapping): string =>
  TRIMMED_ONLY.has(type) ? trimMarks(source) : withoutMarks(source);

/** Whether a source string means "no value" to its field. */
export const isEmptyValue = (source: string, field: FieldMapping, context: ValueContext): boolean =>
  isEmptyText(trimmed(source, field), field, context.emptyWords, aliasesOf(field, context));

/**
 * Reads one source string as its field mapping says. A `string` is kept to the letter, all other types are
 * trimmed first and lose marks that nobody sees. Issues are METADATA_INVALID at the source field; only those of times and
 * words quote the value, whose beginning tells what is wrong; warnings are VALUE_TOO_LONG, PHONE_UNPARSED, EXCEL_NUMBER, TIME_NONEXISTENT,
 * TIME_AMBIGUOUS. Source: C17.
 */
export function readValue(
  source: string,
  field: FieldMapping,
  context: ValueContext,
  at: string = labelOf(field.source),
): ReadValue {
  if (isEmptyValue(source, field, context)) return accepted(null);
  const read = readTyped(source, trimmed(source, field), field, context, at);
  const warnings = [...read.warnings, ...checkLength(read.value, at)];
  return { ...read, warnings };
}

/** In words, marks between letters may be meant. */
const TRIMMED_ONLY: ReadonlySet<FieldType> = new Set(['string', 'enum']);

function readTyped(
  source: string,
  text: string,
  field: FieldMapping,
  context: ValueContext,
  at: string,
): ReadValue {
  const { type } = field;
  switch (type) {
    case 'string':
      return accepted(source);
    case 'id':
      return EXCEL_EXPONENT.test(text)
        ? accepted(text, [issue('EXCEL_NUMBER', `Found ${text}. ${hintOfExcel(text)}`, at)])
        : accepted(text);
    case 'email':
      return orRefused(EMAIL.test(text) ? text : null, 'an e-mail address', at);
    case 'phone':
      return readPhoneOrText(text, source, context.defaultCountry, at);
    case 'enum':
      return readEnum(text, aliasesOf(field, context), at);
    case 'number':
      return orRefused(readNumber(text), 'a number such as 1234.5', at);
    case 'boolean':
      return orRefused(BOOLEANS.get(text.toLowerCase()) ?? null, 'yes or no, true or false, 1 or 0', at);
    case 'duration':
      return readDurationAs(text, field.durationUnit, at);
    case 'instant':
      return readInstant(text, field, context, at);
  }
  throw new TypeError(`No reader for the field type ${type satisfies never}.`);
}
