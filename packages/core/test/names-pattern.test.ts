import { expect, test } from 'vitest';
import { checkFilenamePattern, DEFAULT_FILENAME_PATTERN } from '../src/names/filename-pattern.ts';
import { parseFileName } from '../src/names/parse-file-name.ts';
import { DEFAULT_SETTINGS } from '../src/policy.ts';

const parse = (filenamePattern: string, name: string) =>
  parseFileName(name, { ...DEFAULT_SETTINGS, filenamePattern });

test('the default pattern is a valid one', () => {
  expect(checkFilenamePattern(DEFAULT_FILENAME_PATTERN)).toEqual([]);
});

test.each([
  ['(?P<date>\\d{8})-(?P<time>\\d{6})', 'no user'],
  ['(?P<uid>\\w+)', 'no time'],
  ['(?<uid>\\d+)-(?<dir>[a-z]+)-(?<date>\\d{4}-\\d{2}-\\d{2})T(?<time>[\\d.]+)', 'any order, separators'],
])('%s is a valid pattern: %s', (pattern) => {
  expect(checkFilenamePattern(pattern)).toEqual([]);
});

test.each([
  ['(?P<date>\\d{8}', 'not closed'],
  ['(?=a)(?P<uid>.*)', 'look-ahead, which needs backtracking'],
  ['(?P<uid>a)\\1', 'back reference, which needs backtracking'],
  ['(\\d{8})-(.*)', 'no named group'],
  ['(?P<date>\\d{8})_(?P<rest>.*)', 'a date without a time'],
  ['(?P<rest>.*)_(?P<uid>.*)', 'rest and uid'],
  ['(?P<agent>.*)', 'an unknown group'],
  ['(?P<uid>((a{100}){100}){100})', 'a billion repetitions'],
  [`(?P<uid>${'(\\pL{1,100}){1,10}'.repeat(4)})`, 'too large a program'],
  [`(?P<uid>${'a'.repeat(500)})`, 'too long'],
])('%s is refused: %s', (pattern) => {
  expect(checkFilenamePattern(pattern)).toMatchObject([{ code: 'PATTERN_INVALID', at: 'filenamePattern' }]);
});

test("a tenant's own pattern with dir and uid is read in its own order", () => {
  const pattern = '(?P<uid>\\d+)-(?P<dir>[a-z_]+)-(?P<date>\\d{4}-\\d{2}-\\d{2})T(?P<time>[\\d.]+)';
  const parsed = parse(pattern, '1234-screen_share-2017-10-12T14.02.53.wav');
  expect(parsed).toMatchObject({
    uid: '1234',
    direction: 'screenshare',
    wallTime: { year: 2017, month: 10, day: 12, hour: 14, minute: 2, second: 53 },
    issues: [],
    warnings: [],
  });
  expect(parse(pattern, '1234-sideways-2017-10-12T14.02.53.wav')).toMatchObject({
    uid: '1234',
    direction: null,
    warnings: [{ code: 'NO_DIRECTION' }],
  });
  expect(parse(pattern, '1234-out-2017-10-32T14.02.53.wav').issues).toMatchObject([
    { code: 'INVALID_TIMESTAMP' },
  ]);
});

test('a pattern must match the whole stem', () => {
  expect(parse('(?P<uid>\\d+)', '1234x.wav').warnings).toMatchObject([{ code: 'NAME_UNPARSED' }]);
});

test('a pattern without a user leaves the user to metadata', () => {
  const parsed = parse('(?P<date>\\d{8})-(?P<time>\\d{6}).*', '20171012-140253-x.wav');
  expect(parsed).toMatchObject({ uid: null, issues: [], warnings: [{ code: 'NO_DIRECTION' }] });
});

test('a stored pattern that does not compile reads no name, and fails none', () => {
  expect(parse('(((', 'a.wav')).toMatchObject({ issues: [], warnings: [{ code: 'NAME_UNPARSED' }] });
});

test('a pattern made to backtrack answers at once', () => {
  const started = performance.now();
  parse('(?P<uid>(a+)+b)', `${'a'.repeat(200)}.wav`);
  // A backtracking engine takes longer than the age of the universe here.
  expect(performance.now() - started).toBeLessThan(1_000);
});
