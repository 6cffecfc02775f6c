import { DEFAULT_EMPTY_WORDS } from '../src/mapping/empty-words.ts';
import { FIELD_TYPES } from '../src/mapping/field-mapping.ts';
import { CALL_PRESETS } from '../src/mapping/presets.ts';
import { DURATION_UNITS } from '../src/mapping/read-duration.ts';
import { SYSTEM_PRESETS } from '../src/mapping/system-presets.ts';
import { DEFAULT_SETTINGS } from '../src/policy.ts';
import { KNOWN_TARGETS } from '../src/sampling/known-targets.ts';
import { NAMED_DATE_FORMATS } from '../src/times/date-format.ts';
import { DATE_TOKENS } from '../src/times/date-tokens.ts';

const TYPES: Readonly<Record<(typeof FIELD_TYPES)[number], string>> = {
  string: 'Text, kept to the letter.',
  number: 'A decimal number, such as 1234.5 or 1,234.50. More digits than a number holds stay text.',
  boolean: 'true, yes, y, on, 1 and their opposites.',
  instant: 'A date and time, by `formats` or ISO 8601; without an offset in the zone of the tenant.',
  duration: 'Seconds, mm:ss, hh:mm:ss, ISO 8601, or what `durationUnit` says.',
  phone: 'A telephone number, kept as E.164; other text is kept with a warning.',
  email: 'An e-mail address.',
  id: 'Text without blanks at its ends; words for "no value" are empty.',
  enum: 'A word that `aliases` lists.',
};

const FORMATS: Readonly<Record<string, string>> = {
  iso8601: '2026-11-16T15:04:12Z, 2026-11-16 15:04, 20261116T150412',
  rfc3339: '2026-11-16T15:04:12Z',
  rfc9557: '2026-11-16T10:04:12-05:00[America/New_York]',
  rfc2822: 'Mon, 16 Nov 2026 15:04:12 +0000',
  dotnet: '/Date(1794841452000)/',
  epochSeconds: '1794841452',
  epochMillis: '1794841452000',
};

const TOKENS: Readonly<Record<string, string>> = {
  weekday: 'day of the week, in English; it must be that of the date',
  hour12: 'hour, 1 to 12; only with `a`',
  hour: 'hour, 0 to 23',
  halfDay: 'AM or PM',
  fraction: 'fraction of a second, as many digits as letters',
  offset: 'Z, UTC, GMT or +01:00; `z` reads UTC, GMT and EST to PDT by name',
};

const table = (head: string[], rows: (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
const code = (text: string): string => `\`${text}\``;
const list = (all: Iterable<string>): string => [...all].map(code).join(' ');

/** docs/mapping.md, from the tables that the code reads by. */
export function mappingReference(): string {
  const tokens = Map.groupBy(DATE_TOKENS, ([, { field }]) => field);
  return `# Field mappings: reference

How the fields of a file become the fields of a call. [Setting a tenant up](setting-up.md) walks the whole way. This page is made
from the tables in the code; a test keeps the two equal.

## Sources
${table(
  ['source', 'what it reads'],
  [
    ['`"Call Date"`', 'A field of the file. Letter case counts only where two names differ by nothing else.'],
    [
      '`{"join": ["Date", "Time"], "with": " "}`',
      'Several fields as one text; those that are empty are left out.',
    ],
    ['`["TIMESTAMP", "DATE"]`', 'The first that has a value.'],
    [
      '`["Direction", {"constant": "outbound"}]`',
      'A default; a constant alone is the value of every record.',
    ],
    [
      '`"participants[purpose=agent].userId"`',
      'Of a nested list the first item that says so and has the field.',
    ],
  ],
)}

## Types
${table(
  ['type', 'what it reads'],
  FIELD_TYPES.map((type) => [code(type), TYPES[type]]),
)}

An optional value that cannot be read is the warning \`VALUE_UNREAD\`; a required one, a start and a file name refuse the record.

Units of a duration: ${list(DURATION_UNITS)}.

## Date formats
By name, \`iso8601\` always last and without being named:

${table(
  ['format', 'example'],
  [...NAMED_DATE_FORMATS, 'epochSeconds', 'epochMillis'].map((name) => [code(name), FORMATS[name] ?? '']),
)}

Or a pattern of these tokens, with other words quoted, such as \`EEE M/d/yyyy h:mm a\`:

${table(
  ['tokens', 'what they read'],
  [...tokens].map(([field, all]) => [list(all.map(([token]) => token)), TOKENS[field] ?? field]),
)}

Refused when a mapping is published: two formats that read one text as two days, a start without a time of day, and a zone in quotes.

## Targets of a call
Any name may be a target. These are known to the suggestion, by the names on the right without case, blanks and signs.

${table(
  ['target', 'type', 'required', 'names of fields'],
  KNOWN_TARGETS.call.map(({ target, type, isRequired, names }) => [
    code(target),
    type,
    isRequired ? 'yes' : '',
    names.join(', '),
  ]),
)}

## Words
Words for "no value", but in text: ${list(DEFAULT_EMPTY_WORDS)}. \`options.emptyWords\` replaces them, and is empty in text and in
unmapped fields, too.

Directions of a new tenant: ${Object.entries(DEFAULT_SETTINGS.directions)
    .map(([word, value]) => `${code(word)} → ${value}`)
    .join(', ')}. They are compared without case, and with blanks, dashes and underscores alike.

## Options
${table(
  ['option', 'what it does'],
  [
    [
      '`ignore`',
      '`[{"source": "Result", "equals": ["Missed", ""]}]`: such records end as `IGNORED_BY_RULE`.',
    ],
    ['`records`', 'Path to the list of records inside a JSON, XML or YAML document, such as `calls`.'],
    ['`manyRecords`', 'The document itself is a list of records.'],
    [
      '`nested`',
      '`keep`: nested values that no row names are kept under their paths; otherwise they refuse the record.',
    ],
    ['`emptyWords`', 'Words for "no value".'],
    ['`defaultCountry`', 'ISO 3166 country of national telephone numbers.'],
    [
      '`encoding`',
      'Of files that do not say it themselves; see [which encoding](batches.md). A sample and a preview report the encoding that they read, and warn with `ENCODING_ASSUMED` where nothing names it.',
    ],
  ],
)}

## Presets
${table(
  ['preset', 'for'],
  [...CALL_PRESETS, ...SYSTEM_PRESETS].map(({ name, description }) => [code(name), description]),
)}
`;
}
