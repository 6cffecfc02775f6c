import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FieldMapping, FieldType } from '../src/mapping/field-mapping.ts';
import { readDuration } from '../src/mapping/read-duration.ts';
import { readNumber } from '../src/mapping/read-number.ts';
import { readValue, type ValueContext } from '../src/mapping/read-value.ts';

const CONTEXT: ValueContext = {
  timeZone: 'America/New_York',
  receivedAtMs: Date.parse('2030-01-01T00:00:00Z'),
  defaultCountry: undefined,
  emptyWords: undefined,
  enumAliases: undefined,
};

function read(
  type: FieldType,
  text: string,
  row: Partial<FieldMapping> = {},
  context: Partial<ValueContext> = {},
) {
  const found = readValue(
    text,
    { source: 'field', target: 'target', type, ...row },
    { ...CONTEXT, ...context },
  );
  const warnings = found.warnings.map(({ code }) => code);
  if (found.issues.length === 0) return warnings.length === 0 ? found.value : [found.value, ...warnings];
  expect(found).toMatchObject({ value: null, issues: [{ code: 'METADATA_INVALID', at: 'field' }] });
  return 'INVALID';
}

describe('a number', () => {
  test.each([
    ['0', 0],
    ['-0', 0],
    ['42', 42],
    ['0042', 42],
    ['-1.50', -1.5],
    ['+7', 7],
    ['1.10', 1.1],
    ['1.234', 1.234],
    ['1,234.56', 1234.56],
    ['1,234,567', 1234567],
    ['1.234,56', 1234.56],
    ['1.234.567', 1234567],
    ['-1.234.567,8', -1234567.8],
    ['12,5', 12.5],
    ['0,1234', 0.1234],
    ['9007199254740991', 9007199254740991],
    ['9007199254740993', '9007199254740993'],
    ['00012345678901234567890', '12345678901234567890'],
    ['0.12345678901234567890', '0.1234567890123456789'],
    ['-0.0000001', '-0.0000001'],
    ['1.25E7', 12500000],
    ['1e5', 100000],
    ['-5.0E-4', -0.0005],
    ['1.5E+0', 1.5],
    ['123.456e1', 1234.56],
    ['123.456e2', 12345.6],
    ['123.456e3', 123456],
    ['123.456e-3', 0.123456],
    ['0E-10', 0],
    ['-0.0E0', 0],
    ['1.2345678901234567890E19', '12345678901234567890'],
    ['2e30', '2000000000000000000000000000000'],
    ['1E400', '1E400'],
    ['-1e-400', '-1e-400'],
  ])('%s is %j', (text, value) => {
    expect(readNumber(text)).toBe(value);
  });

  test.each([
    '1,234',
    '12,34,567',
    '1,2345,678',
    '0x10',
    '$5',
    '5%',
    '.5',
    '5.',
    '1 000',
    '1e',
    'e5',
    '1e5.5',
    '012e3',
    '1,5e3',
    '+1E400',
    '--1',
    'NaN',
    'Infinity',
    '१२',
    '',
  ])('%s is refused', (text) => {
    expect(readNumber(text)).toBeNull();
  });

  test('of any size keeps its value to the last digit', () => {
    const decimals = fc.tuple(fc.bigInt({ min: 0n, max: 10n ** 40n }), fc.stringMatching(/^\d{1,20}$/));
    const scaled = (text: string) => {
      const [whole = '', fraction = ''] = text.split('.');
      return BigInt(whole + fraction.padEnd(20, '0'));
    };
    fc.assert(
      fc.property(decimals, ([whole, fraction]) => {
        const text = `${whole}.${fraction}`;
        expect(scaled(String(readNumber(text)))).toBe(scaled(text));
      }),
    );
  });
});

describe('a duration in seconds', () => {
  test.each([
    ['95', 95],
    ['95.25', 95.25],
    ['1.25E2', 125],
    ['5.0E-4', 0.0005],
    ['1e3', 1000],
    ['1:35', 95],
    ['75:30', 4530],
    ['00:01:35', 95],
    ['1:02:03.5', 3723.5],
    ['100:00:00', 360000],
    ['PT1M35S', 95],
    ['PT0S', 0],
    ['pt1h2m3.5s', 3723.5],
    ['P1DT1H', 90000],
    ['P2D', 172800],
  ])('%s is %d', (text, seconds) => {
    expect(readDuration(text)).toBe(seconds);
  });

  test.each([
    '-5',
    '1:60',
    '1:60:00',
    '1:5',
    ':30',
    '1:2:3:4',
    'P',
    'PT',
    'P1Y',
    'P1W',
    'P1DT',
    '1h',
    '95s',
    '',
  ])('%s is refused', (text) => {
    expect(readDuration(text)).toBeNull();
  });

  test('comes back from its clock form', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 359_999_999 }), (seconds) => {
        const two = (n: number) => String(n).padStart(2, '0');
        const clock = `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
        expect(readDuration(clock)).toBe(seconds);
      }),
    );
  });
});

test.each([
  ['yes', true],
  ['TRUE', true],
  [' y ', true],
  ['1', true],
  ['on', true],
  ['No', false],
  ['false', false],
  ['0', false],
  ['off', false],
  ['2', 'INVALID'],
  ['maybe', 'INVALID'],
])('the boolean "%s" is %s', (text, value) => {
  expect(read('boolean', text)).toBe(value);
});

describe('a phone', () => {
  test.each([
    ['+1 (469) 451-9385', undefined, '+14694519385'],
    ['(469) 451-9385', 'US', '+14694519385'],
    ['020 7946 0958', 'GB', '+442079460958'],
    ['00 44 20 7946 0958', 'DE', '+442079460958'],
    ['+14694519385', 'GB', '+14694519385'],
    ['+15551234567', undefined, '+15551234567'],
  ])('%s in %s is %s', (text, defaultCountry, value) => {
    expect(read('phone', text, {}, { defaultCountry })).toBe(value);
  });

  test.each([
    ['(469) 451-9385', undefined],
    ['1234', 'US'],
    ['anonymous', 'US'],
    ['+1', undefined],
    ['client:joe +14694519385', 'US'],
  ])('%s in %s is kept as text, with a warning', (text, defaultCountry) => {
    expect(read('phone', ` ${text} `, {}, { defaultCountry })).toEqual([text, 'PHONE_UNPARSED']);
  });
});

test.each([
  [' Joe@Example.COM ', 'Joe@Example.COM'],
  ['joe@localhost', 'joe@localhost'],
  ['joe', 'INVALID'],
  ['joe@', 'INVALID'],
  ['@x.com', 'INVALID'],
  ['a@b@c', 'INVALID'],
  ['Joe <joe@x.com>', 'INVALID'],
])('the e-mail address "%s" is %s', (text, value) => {
  expect(read('email', text)).toBe(value);
});

test('an id is trimmed and otherwise itself; a string is itself to the letter', () => {
  expect(read('id', ' 0042 ')).toBe('0042');
  expect(read('id', '12345678901234567890')).toBe('12345678901234567890');
  expect(read('string', '  two  words ')).toBe('  two  words ');
});

test('an instant is RFC 3339 in UTC, with its warnings at the source field', () => {
  expect(read('instant', '2021-05-11T21:59:59Z')).toBe('2021-05-11T21:59:59.000Z');
  expect(read('instant', '2025-03-09T02:30:00')).toEqual(['2025-03-09T07:30:00.000Z', 'TIME_NONEXISTENT']);
  expect(read('instant', '05-12-2024 6:15:45 PM')).toBe('INVALID');
  expect(read('instant', '05-12-2024 6:15:45 PM', { formats: ['dd-MM-yyyy h:mm:ss a'] })).toBe(
    '2024-12-05T23:15:45.000Z',
  );
});

describe('an enum', () => {
  const aliases = { ib: 'inbound', 'Screen Share': 'screenshare', none: 'unknown' };
  test.each([
    ['IB', 'inbound'],
    ['inbound', 'inbound'],
    ['screen-share', 'screenshare'],
    ['SCREEN  SHARE', 'screenshare'],
    ['screenshare', 'screenshare'],
    ['none', 'unknown'],
    ['n/a', null],
    ['outbound', 'INVALID'],
    ['constructor', 'INVALID'],
    ['__proto__', 'INVALID'],
  ])('"%s" is %s', (text, value) => {
    expect(read('enum', text, { aliases })).toBe(value);
  });

  test('without aliases takes every word as it is, and with only general ones takes those', () => {
    expect(read('enum', ' Closed Won ')).toBe('Closed Won');
    expect(read('enum', 'Closed Won', { aliases: {} })).toBe('Closed Won');
    expect(read('enum', 'OUT', {}, { enumAliases: { out: 'outbound' } })).toBe('outbound');
    expect(read('enum', 'up', {}, { enumAliases: { out: 'outbound' } })).toBe('INVALID');
    expect(read('enum', 'OUT', { aliases: { up: 'upward' } }, { enumAliases: { out: 'outbound' } })).toBe(
      'INVALID',
    );
  });
});

describe('a word that means empty', () => {
  const types: FieldType[] = ['number', 'boolean', 'instant', 'duration', 'phone', 'email', 'id', 'enum'];
  test.each(types)('leaves a mapped %s null', (type) => {
    for (const word of ['', '  ', 'null', 'NULL', 'N/A', ' na ', 'None', '-', 'undefined']) {
      expect(read(type, word)).toBeNull();
    }
  });

  test('may be the text of a string, which only blanks leave null', () => {
    for (const word of ['null', 'N/A', 'None', '-']) expect(read('string', word)).toBe(word);
    expect(read('string', ' \t ')).toBeNull();
  });

  test.each(['filename', 'user', 'contactId', 'accountId', 'externalId'])(
    'case 113: is no text of %s, which names something else, whatever its type',
    (target) => {
      for (const word of ['NULL', 'None', 'n/a', '-', '\u200bNULL\u200b'])
        expect(read('string', word, { target })).toBeNull();
      expect(read('string', 'none', { target }, { emptyWords: ['missing'] })).toBe('none');
      expect(read('string', ' Missing ', { target }, { emptyWords: ['missing'] })).toBeNull();
    },
  );

  test('is what the mapping lists, where it lists any, for strings too', () => {
    const context = { emptyWords: ['(none)'] };
    expect(read('string', '(None)', {}, context)).toBeNull();
    expect(read('id', ' (NONE) ', {}, context)).toBeNull();
    expect(read('id', 'na', {}, context)).toBe('na');
    expect(read('id', 'na', {}, { emptyWords: [] })).toBe('na');
    expect(read('id', '', {}, { emptyWords: [] })).toBeNull();
  });
});

describe('case 76: a value over 255 characters is kept whole and flagged', () => {
  test.each(['string', 'id', 'enum'] as const)('%s', (type) => {
    const text = 'x'.repeat(255);
    expect(read(type, text)).toBe(text);
    expect(read(type, `${text}y`)).toEqual([`${text}y`, 'VALUE_TOO_LONG']);
  });

  test('an e-mail address', () => {
    const address = `${'x'.repeat(250)}@x.com`;
    expect(read('email', address)).toEqual([address, 'VALUE_TOO_LONG']);
  });

  test('characters are counted, not code units', () => {
    expect(read('string', '😀'.repeat(255))).toBe('😀'.repeat(255));
    expect(read('string', '😀'.repeat(256))).toEqual(['😀'.repeat(256), 'VALUE_TOO_LONG']);
  });
});

test('an issue never repeats the value, but of a time or a word', () => {
  for (const type of ['number', 'boolean', 'duration', 'email'] as const) {
    const { issues } = readValue('secret value', { source: 'field', target: 'target', type }, CONTEXT);
    expect(issues).toHaveLength(1);
    expect(issues[0]?.message).not.toContain('secret');
  }
});

const messageOf = (type: FieldType, text: string, row: Partial<FieldMapping> = {}): string =>
  readValue(text, { source: 'field', target: 'target', type, ...row }, CONTEXT).issues[0]?.message ?? '';

test('an unknown word is named beside the words that are known', () => {
  const message = messageOf('enum', 'Sideways', { aliases: { in: 'inbound', out: 'outbound' } });
  expect(message).toBe('Expected one of "in", "out", "inbound", "outbound", found "Sideways".');
});

test('a time that cannot be read is shown, and a serial of Excel is known for one', () => {
  expect(messageOf('instant', '16.11.2026 24h')).toContain('found "16.11.2026 24h"');
  expect(messageOf('instant', '46356.79')).toContain('This looks like a date of Excel (2026-11-30)');
});

test('a long number that Excel shortened is a warning', () => {
  expect(read('id', '1.46947E+10')).toEqual(['1.46947E+10', 'EXCEL_NUMBER']);
  expect(read('phone', '1.46947E+10')).toEqual(['1.46947E+10', 'EXCEL_NUMBER']);
});

describe('a duration with a unit', () => {
  test.each([
    ['ms', '300000', 300],
    ['ms', '1', 0.001],
    ['s', '95', 95],
    ['min', '3.07', 184.2],
    ['min', '03:04', 184],
    ['h', '1.5', 5400],
    ['hh:mm', '1:30', 5400],
    ['mm:ss', '1:30', 90],
    ['hh:mm:ss', '0:01:30', 90],
    ['hh:mm:ss', '90', 'INVALID'],
    ['hh:mm', '1:30:00', 'INVALID'],
    ['min', 'PT3M', 180],
  ] as const)('%s reads %s', (durationUnit, text, seconds) => {
    expect(read('duration', text, { durationUnit })).toBe(seconds);
  });
});
