import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { areConfusable, compileDateFormat, type DateFormat } from '../src/times/date-format.ts';
import { parseInstant } from '../src/times/parse-instant.ts';
import { readByFormat } from '../src/times/read-by-format.ts';
import { formatInstant } from '../src/times/wall-time.ts';

const RECEIVED = Date.parse('2030-01-01T00:00:00Z');
const read = (text: string, formats: readonly string[] = [], timeZone: string | null = 'UTC') =>
  parseInstant(text, { formats, timeZone, receivedAtMs: RECEIVED });
const instantOf = (text: string, ...formats: string[]) => {
  const { instant } = read(text, formats);
  return instant === null ? null : formatInstant(instant);
};
const format = (pattern: string): DateFormat => {
  const compiled = compileDateFormat(pattern);
  if ('problem' in compiled) throw new Error(compiled.problem);
  return compiled.format;
};

test('case 63: without a format day and month are never guessed', () => {
  for (const text of [
    '05-12-2024 6:15:45 PM',
    '25-12-2024 6:15:45 PM',
    '05/12/2024 18:15:45',
    '5 Dec 2024 18:15',
  ]) {
    const parsed = read(text);
    expect(parsed).toMatchObject({ instant: null, needsTimeZone: false });
    expect(parsed.issues).toMatchObject([{ code: 'METADATA_INVALID' }]);
    expect(parsed.issues[0]?.message).toContain(JSON.stringify(text));
  }
});

test('case 63: a configured format decides between day and month', () => {
  expect(instantOf('05-12-2024 6:15:45 PM', 'dd-MM-yyyy h:mm:ss a')).toBe('2024-12-05T18:15:45.000Z');
  expect(instantOf('05-12-2024 6:15:45 PM', 'MM-dd-yyyy h:mm:ss a')).toBe('2024-05-12T18:15:45.000Z');
  expect(instantOf('25-12-2024 6:15:45 PM', 'MM-dd-yyyy h:mm:ss a')).toBeNull();
});

test('case 62: a time without an offset needs the zone that only the tenant can set', () => {
  const parsed = read('2021-05-11T21:59:59', [], null);
  expect(parsed).toMatchObject({
    instant: null,
    needsTimeZone: true,
    issues: [{ code: 'METADATA_INVALID' }],
  });
  expect(read('2021-05-11T21:59:59Z', [], null)).toMatchObject({ needsTimeZone: false, issues: [] });
});

describe('ISO 8601 is read without a format', () => {
  test.each([
    ['2021-05-11T21:59:59Z', '2021-05-11T21:59:59.000Z'],
    ['2021-05-11t21:59:59z', '2021-05-11T21:59:59.000Z'],
    ['2021-05-11 21:59:59', '2021-05-11T21:59:59.000Z'],
    ['  2021-05-11T21:59  ', '2021-05-11T21:59:00.000Z'],
    ['2021-05-11T21:59:59.1Z', '2021-05-11T21:59:59.100Z'],
    ['2021-05-11T21:59:59,123456789Z', '2021-05-11T21:59:59.123Z'],
    ['2021-05-11T21:59:59.9999999Z', '2021-05-11T21:59:59.999Z'],
    ['2021-05-11T21:59:59+05:30', '2021-05-11T16:29:59.000Z'],
    ['2021-05-11T21:59:59-0800', '2021-05-12T05:59:59.000Z'],
    ['2021-05-11T21:59:59+02', '2021-05-11T19:59:59.000Z'],
    ['2021-05-11 21:59:59 UTC', '2021-05-11T21:59:59.000Z'],
    ['2021-05-11 21:59:59 +0000', '2021-05-11T21:59:59.000Z'],
    ['20210511T215959Z', '2021-05-11T21:59:59.000Z'],
    ['20210511T215959+0530', '2021-05-11T16:29:59.000Z'],
    ['2016-12-31T23:59:60Z', '2016-12-31T23:59:59.000Z'],
  ])('%s', (text, expected) => {
    expect(instantOf(text)).toBe(expected);
  });

  test.each([
    ['2021-02-29T10:00:00Z', 'no such day'],
    ['2021-05-11T24:00:00Z', 'hour 24'],
    ['2021-05-11T21:60:00Z', 'minute 60'],
    ['2021-13-11T21:00:00Z', 'month 13'],
    ['2021-05-11T21:59:59+25:00', 'offset hour 25'],
    ['2021-05-11', 'a date is not a time'],
    ['20210511', 'a date is not a time'],
    ['2021-W19-2T10:00:00Z', 'week date'],
    ['1620770399', 'an epoch needs a format'],
    ['0000-01-01T00:00:00Z', 'year 0'],
    ['+012021-05-11T21:59:59Z', 'five-digit year'],
    ['2021-05-11T21:59:59 EST', 'a zone abbreviation names several zones'],
    ['tomorrow', 'words'],
    ['２０２１-05-11T21:59:59Z', 'digits of another script'],
    [`2021-05-11T21:59:59Z${' '.repeat(10_000)}`, 'too long'],
  ])('%s is refused: %s', (text) => {
    expect(read(text)).toMatchObject({ instant: null, issues: [{ code: 'METADATA_INVALID' }] });
  });
});

describe('a date format reads', () => {
  test.each([
    ['dd/MM/yyyy HH:mm:ss', '11/05/2021 21:59:59', '2021-05-11T21:59:59.000Z'],
    ['M/d/yy H:m', '5/1/21 9:5', '2021-05-01T09:05:00.000Z'],
    ['yyyyMMddHHmmss', '20210511215959', '2021-05-11T21:59:59.000Z'],
    ['yyyyMMddHHmmssSSS', '20210511215959042', '2021-05-11T21:59:59.042Z'],
    ['MM/dd/yyyy hh:mm:ss a', '05/11/2021 12:00:00 AM', '2021-05-11T00:00:00.000Z'],
    ['MM/dd/yyyy hh:mm:ss a', '05/11/2021 12:00:00 pm', '2021-05-11T12:00:00.000Z'],
    ['MM/dd/yyyy h:mm a', '05/11/2021 1:05 p.m.', '2021-05-11T13:05:00.000Z'],
    ['MM/dd/yyyy h:mm a', '05/11/2021 1:05\u202fPM', '2021-05-11T13:05:00.000Z'],
    ['d MMM yyyy HH:mm', '1 sep 2021 09:00', '2021-09-01T09:00:00.000Z'],
    ['d MMM yyyy HH:mm', '1 Sept 2021 09:00', '2021-09-01T09:00:00.000Z'],
    ["MMMM d, yyyy 'at' h:mm a", 'September 1, 2021 at 9:00 AM', '2021-09-01T09:00:00.000Z'],
    ["d''M''yyyy", "1'9'2021", '2021-09-01T00:00:00.000Z'],
    ['yyyy-MM-dd', '2021-05-11', '2021-05-11T00:00:00.000Z'],
    ['yyyy-MM-ddTHH:mm:ssXXX', '2021-05-11T21:59:59+05:30', '2021-05-11T16:29:59.000Z'],
    ["yyyy-MM-dd'T'HH:mm:ssX", '2021-05-11T21:59:59Z', '2021-05-11T21:59:59.000Z'],
    ['dd.MM.yyyy HH:mm X', '11.05.2021 21:59 +0200', '2021-05-11T19:59:00.000Z'],
    ['epochSeconds', '1620770399', '2021-05-11T21:59:59.000Z'],
    ['epochSeconds', '1620770399.5', '2021-05-11T21:59:59.500Z'],
    ['epochMillis', '1620770399123', '2021-05-11T21:59:59.123Z'],
    ['iso8601', '2021-05-11T21:59:59Z', '2021-05-11T21:59:59.000Z'],
  ])('%s from "%s"', (pattern, text, expected) => {
    expect(instantOf(text, pattern)).toBe(expected);
  });

  test.each([
    ['dd/MM/yyyy HH:mm:ss', '11/05/2021 21:59'],
    ['dd/MM/yyyy HH:mm', '11/05/2021 21:59:59'],
    ['dd/MM/yyyy', '31/02/2021'],
    ['dd/MM/yyyy', '1/2/2021'],
    ['MM/dd/yyyy hh:mm a', '05/11/2021 13:00 PM'],
    ['MM/dd/yyyy hh:mm a', '05/11/2021 00:00 AM'],
    ['d MMM yyyy', '1 Smarch 2021'],
    ['epochSeconds', '1620770399123'],
    ['epochSeconds', '-1'],
    ['epochMillis', '1e12'],
  ])('%s not from "%s"', (pattern, text) => {
    expect(read(text, [pattern])).toMatchObject({ instant: null, issues: [{ code: 'METADATA_INVALID' }] });
  });

  test('in the order given, and ISO 8601 after all of them', () => {
    const formats = ['dd/MM/yyyy HH:mm', 'epochSeconds'];
    expect(instantOf('11/05/2021 21:59', ...formats)).toBe('2021-05-11T21:59:00.000Z');
    expect(instantOf('1620770399', ...formats)).toBe('2021-05-11T21:59:59.000Z');
    expect(instantOf('2021-05-11T21:59:59Z', ...formats)).toBe('2021-05-11T21:59:59.000Z');
  });
});

test.each([
  ['', 'no date'],
  ['HH:mm', 'no date'],
  ['dd/MM', 'no year'],
  ['dd/MM/yyyy hh:mm', 'twelve hours without a half'],
  ['dd/MM/yyyy HH:mm a', 'a half for twenty-four hours'],
  ['dd/MM/yyyy mm', 'minutes without hours'],
  ['dd/MM/yyyy HH:ss', 'seconds without minutes'],
  ['dd/MM/yyyy HH:mm.SSS', 'a fraction without seconds'],
  ['dd/MM/yyyy MM', 'two months'],
  ['yyyy-dd-MM HH:mm', 'looks like ISO 8601 and is not'],
  ['dMyyyy', 'numbers without an end'],
  ["yyyy-MM-dd'T'HH:mm:ss'Z'", 'skips a zone'],
  ["yyyy-MM-dd HH:mm:ss' UTC'", 'skips a zone'],
  ["yyyy-MM-dd 'at", 'an open quote'],
  ['YYYY-MM-DD', 'no such letters'],
  ['yyyy-MM-dd HH:mm:ss w', 'no such letter'],
  ['yyy-MM-dd', 'no such run'],
  [`yyyy-MM-dd${' '.repeat(200)}`, 'too long'],
])('the format "%s" is refused: %s', (pattern) => {
  expect(compileDateFormat(pattern)).toHaveProperty('problem');
});

test.each([
  ['dd/MM/yyyy', 'MM/dd/yyyy', true],
  ['d/M/yyyy', 'MM/dd/yyyy', true],
  ['dd-MM-yy', 'yy-MM-dd', true],
  ["dd'/'MM/yyyy", 'MM/dd/yyyy', true],
  ['epochSeconds', 'epochMillis', true],
  ['dd/MM/yyyy', 'dd/MM/yyyy HH:mm', false],
  ['dd/MM/yyyy', 'MM-dd-yyyy', false],
  ['dd/MM/yyyy', 'dd/MM/yy', false],
  ['dd/MM/yyyy', 'd/M/yyyy', false],
  ['d MMM yyyy', 'd MMMM yyyy', false],
  ['iso8601', 'dd/MM/yyyy', false],
])('case 63: %s and %s can mean two days by one text: %s', (one, other, expected) => {
  expect(areConfusable(format(one), format(other))).toBe(expected);
  expect(areConfusable(format(other), format(one))).toBe(expected);
});

const INSTANTS = fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2099, 11, 31) });

test('every instant comes back from its ISO form at any offset', () => {
  fc.assert(
    fc.property(INSTANTS, fc.integer({ min: -14 * 60, max: 14 * 60 }), (instant, offset) => {
      const local = new Date(instant + offset * 60_000).toISOString().slice(0, -1);
      const [hours, minutes] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60].map((n) =>
        String(n).padStart(2, '0'),
      );
      expect(read(`${local}${offset < 0 ? '-' : '+'}${hours}:${minutes}`, [], null).instant).toBe(instant);
    }),
  );
});

test('every second comes back from a twelve-hour form', () => {
  fc.assert(
    fc.property(INSTANTS, (instant) => {
      const date = new Date(instant - (instant % 1000));
      const text = date.toLocaleString('en-US', { timeZone: 'UTC' });
      expect(read(text, ['M/d/yyyy, h:mm:ss a']).instant).toBe(date.getTime());
    }),
  );
});

test('no text and no format makes it throw', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.stringMatching(/^[yMdHhmsSaXT' /:'é-]{0,30}$/),
      (text, pattern) => {
        const { instant, issues } = read(text, [pattern]);
        expect(instant === null).toBe(issues.length > 0);
      },
    ),
  );
});

const readNamed = (text: string, format: string) => {
  const compiled = compileDateFormat(format);
  if ('problem' in compiled) throw new Error(compiled.problem);
  const reading = readByFormat(text, compiled.format);
  if (reading?.kind !== 'absolute') return reading === null ? null : reading.kind;
  return new Date(reading.instant).toISOString();
};

describe('row by row, the formats that have a name', () => {
  const AT = '2026-11-16T15:04:12.000Z';
  test.each([
    ['rfc2822', 'Mon, 16 Nov 2026 15:04:12 +0000', AT],
    ['rfc2822', '16 Nov 26 10:04:12 EST', AT],
    ['rfc2822', 'Mon, 16 Nov 2026 07:04:12 -0800 (PST)', AT],
    ['rfc2822', 'Tue, 16 Nov 2026 15:04:12 GMT', 'falseWeekday'],
    ['rfc2822', 'Mon, 31 Nov 2026 15:04:12 GMT', null],
    ['rfc3339', '2026-11-16T15:04:12Z', AT],
    ['rfc3339', '2026-11-16 10:04:12.000-05:00', AT],
    ['rfc3339', '2026-11-16T15:04:12', null],
    ['rfc9557', '2026-11-16T10:04:12-05:00[America/New_York]', AT],
    ['rfc9557', '2026-11-16T15:04:12Z[America/New_York][u-ca=hebrew]', AT],
    ['rfc9557', '2026-11-16T15:04:12+00:00[America/New_York]', null],
    ['rfc9557', '2026-11-16T15:04:12Z[Nowhere/Land]', null],
    ['rfc9557', '2026-11-16T15:04:12Z[!x=y]', null],
    ['dotnet', '/Date(1794841452000)/', AT],
    ['dotnet', '\\/Date(1794841452000+0100)\\/', AT],
    ['epochSeconds', '1794841452', AT],
    ['epochMillis', '1794841452000', AT],
    ['EEE M/d/yyyy h:mm a z', 'Mon 11/16/2026 9:04 AM CST', '2026-11-16T15:04:00.000Z'],
  ])('%s reads %s', (format, text, expected) => {
    expect(readNamed(text, format)).toBe(expected);
  });
});

test('a day of the week that the date is not is named with the right one', () => {
  const formats = ['EEEE, d MMMM yyyy HH:mm'];
  const read = (text: string) =>
    parseInstant(text, { formats, timeZone: 'America/New_York', receivedAtMs: Date.UTC(2030, 0) });
  expect(read('Monday, 16 November 2026 09:04').issues).toEqual([]);
  expect(read('Friday, 16 November 2026 09:04').issues[0]?.message).toContain(
    'The date is a Monday and the text says Friday',
  );
  expect(read('Someday, 16 November 2026 09:04').instant).toBeNull();
});
