import { expect, test } from 'vitest';
import { checkMapping, MAX_MAPPING_FIELDS } from '../src/mapping/check-mapping.ts';
import { FIELD_TYPES, type FieldMapping } from '../src/mapping/field-mapping.ts';
import { COACH_MINIMUM } from '../src/mapping/presets.ts';
import { compileDateFormat } from '../src/times/date-format.ts';

const row = (more: Partial<FieldMapping>): FieldMapping => ({
  source: 'a',
  target: 'alpha',
  type: 'string',
  ...more,
});
const places = (fields: readonly FieldMapping[], options = {}) => {
  const issues = checkMapping(fields, options);
  expect(issues.every(({ code }) => code === 'MAPPING_INVALID')).toBe(true);
  return issues.map(({ at }) => at);
};

test('the preset may be published', () => {
  expect(checkMapping(COACH_MINIMUM.fields, COACH_MINIMUM.options)).toEqual([]);
});

test('every type may be mapped, one source to several targets too', () => {
  expect(places(FIELD_TYPES.map((type) => row({ type, target: type })))).toEqual([]);
});

test.each<[string, Partial<FieldMapping>, string[]]>([
  ['an unknown type', JSON.parse('{"type":"date"}'), ['fields[0].type']],
  ['an inherited word as type', JSON.parse('{"type":"constructor"}'), ['fields[0].type']],
  ['an empty source', { source: '  ' }, ['fields[0].source']],
  ['an empty target', { target: '' }, ['fields[0].target']],
  ['an empty label', { label: '' }, ['fields[0].label']],
  ['a source over 255 characters', { source: 'x'.repeat(256) }, ['fields[0].source']],
  ['a control character', { target: 'a\nb' }, ['fields[0].target']],
  ['__proto__ as source', { source: '__proto__' }, ['fields[0].source']],
  ['__proto__ as target', { target: ' __proto__ ' }, ['fields[0].target']],
  ['constructor as target', { target: 'constructor' }, ['fields[0].target']],
  ['a start that is no instant', { target: 'startedAt' }, ['fields[0].type']],
  ['a length that is no length', { target: 'durationSeconds', type: 'instant' }, ['fields[0].type']],
  ['a user that is a number', { target: 'user', type: 'number' }, ['fields[0].type']],
  ['formats of a string', { formats: ['yyyy-MM-dd'] }, ['fields[0].formats']],
  ['a format without a year', { type: 'instant', formats: ['iso8601', 'HH:mm'] }, ['fields[0].formats[1]']],
  [
    'case 63: formats that swap day and month',
    { type: 'instant', formats: ['dd/MM/yyyy', 'MM/dd/yyyy'] },
    ['fields[0].formats[1]'],
  ],
  ['eleven formats', { type: 'instant', formats: Array(11).fill('iso8601') }, ['fields[0].formats']],
  [
    'case 126: a start of a date alone',
    { target: 'startedAt', type: 'instant', formats: ['yyyy-MM-dd'] },
    ['fields[0].formats[0]'],
  ],
  ['a zone in quotes', { type: 'instant', formats: ["yyyy-MM-dd HH:mm 'PST'"] }, ['fields[0].formats[0]']],
  [
    'a zone in quotes beside other words',
    { type: 'instant', formats: ["yyyy-MM-dd HH:mm '(IST time)'"] },
    ['fields[0].formats[0]'],
  ],
  ['no alternative', { source: [] }, ['fields[0].source']],
  ['a join of one', { source: { join: ['a'] } }, ['fields[0].source']],
  ['an empty part of a join', { source: ['b', { join: ['a', ' '] }] }, ['fields[0].source[1].join[1]']],
  ['a constant that hides an alternative', { source: [{ constant: 'x' }, 'a'] }, ['fields[0].source[0]']],
  ['a unit of a number', { type: 'number', durationUnit: 'ms' }, ['fields[0].durationUnit']],
  ['aliases of a string', { aliases: { a: 'b' } }, ['fields[0].aliases']],
  ['an alias of no word', { type: 'enum', aliases: { ' ': 'b' } }, ['fields[0].aliases']],
  ['an alias of no value', { type: 'enum', aliases: { a: '' } }, ['fields[0].aliases']],
  ['one word with two values', { type: 'enum', aliases: { 'a-b': 'x', 'A B': 'y' } }, ['fields[0].aliases']],
  [
    'over 500 aliases',
    {
      type: 'enum',
      aliases: Object.fromEntries(Array.from({ length: 501 }, (_, index) => [`w${index}`, 'v'])),
    },
    ['fields[0].aliases'],
  ],
])('%s is refused where it stands', (_what, more, expected) => {
  expect(places([row(more)])).toEqual(expected);
});

test('one word twice with the same value is allowed', () => {
  expect(places([row({ type: 'enum', aliases: { 'a-b': 'x', 'A B': 'x' } })])).toEqual([]);
});

test('a target mapped twice is refused at the second', () => {
  expect(places([row({ source: 'a' }), row({ source: 'b' })])).toEqual(['fields[1].target']);
});

test('a mapping has at most 500 fields', () => {
  const fields = Array.from({ length: MAX_MAPPING_FIELDS + 1 }, (_, index) => row({ target: `t${index}` }));
  expect(places(fields.slice(1))).toEqual([]);
  expect(places(fields)).toEqual(['fields']);
});

test.each([
  [{ defaultCountry: 'US' }, []],
  [{ defaultCountry: 'us' }, ['options.defaultCountry']],
  [{ defaultCountry: 'ZZ' }, ['options.defaultCountry']],
  [{ defaultCountry: '__proto__' }, ['options.defaultCountry']],
  [{ emptyWords: [] }, []],
  [{ emptyWords: Array(101).fill('x') }, ['options.emptyWords']],
  [{ emptyWords: ['x'.repeat(256)] }, ['options.emptyWords']],
])('the options %j are refused at %j', (options, expected) => {
  expect(places([row({})], options)).toEqual(expected);
});

test.each([
  ['a rule without words', { ignore: [{ source: 'Result', equals: [] }] }, ['options.ignore[0].equals']],
  ['a rule without a field', { ignore: [{ source: '', equals: ['x'] }] }, ['options.ignore[0].source']],
  ['an empty path to records', { records: ' ' }, ['options.records']],
])('%s is refused', (_, options, at) => {
  expect(places([], options)).toEqual(at);
});

test('versions that quote a zone or start calls at midnight stay in force: only new ones are refused', () => {
  for (const format of ["yyyy-MM-dd HH:mm 'PST'", 'yyyy-MM-dd'])
    expect(compileDateFormat(format)).toHaveProperty('format');
});
