import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MEDIA_EXTENSIONS } from '../src/names/file-kinds.ts';
import { parseFileName } from '../src/names/parse-file-name.ts';
import type { ParsedName } from '../src/names/parsed-name.ts';
import {
  checkTemporaryName,
  DEFAULT_TEMPORARY_NAMES,
  isTemporaryName,
} from '../src/names/temporary-names.ts';
import { DEFAULT_SETTINGS, type TenantSettings } from '../src/policy.ts';

const parse = (name: string, settings: Partial<TenantSettings> = {}) =>
  parseFileName(name, { ...DEFAULT_SETTINGS, ...settings });
const codes = ({ issues, warnings }: ParsedName) => ({
  issues: issues.map(({ code }) => code),
  warnings: warnings.map(({ code }) => code),
});
const clean = { issues: [], warnings: [] };

test('case 1: a name by the pattern gives time, direction and user', () => {
  const parsed = parse('20171012-140253_outbound_1234.wav');
  expect(parsed).toEqual({
    kind: 'recording',
    stem: '20171012-140253_outbound_1234',
    ext: 'wav',
    wallTime: { year: 2017, month: 10, day: 12, hour: 14, minute: 2, second: 53 },
    direction: 'outbound',
    uid: '1234',
    issues: [],
    warnings: [],
  });
});

test('case 2: without a known direction the whole rest is the user, with a warning', () => {
  const parsed = parse('20171012-140253_joe_baducci.wav');
  expect(parsed).toMatchObject({ direction: null, uid: 'joe_baducci' });
  expect(codes(parsed)).toEqual({ issues: [], warnings: ['NO_DIRECTION'] });
});

test('case 3: a user may hold underscores after the direction', () => {
  const parsed = parse('20171012-140253_inbound_joe_baducci.wav');
  expect(parsed).toMatchObject({ direction: 'inbound', uid: 'joe_baducci' });
  expect(codes(parsed)).toEqual(clean);
});

describe('case 4: the longest alias that ends at an underscore or the end wins', () => {
  const directions = { screen: 'screen', screen_share: 'screenshare', share: 'share', in: 'inbound' };
  test.each([
    ['screen_share_joe', 'screenshare', 'joe'],
    ['screen_joe', 'screen', 'joe'],
    ['screen_shared_joe', 'screen', 'shared_joe'],
    ['screenshare_joe', null, 'screenshare_joe'],
    ['in_joe', 'inbound', 'joe'],
    ['ingrid', null, 'ingrid'],
  ])('%s', (rest, direction, uid) => {
    expect(parse(`20171012-140253_${rest}.wav`, { directions })).toMatchObject({ direction, uid });
  });
});

test('case 5: direction and extension are read in either case, and the stem keeps its own', () => {
  const parsed = parse('20171012-140253_OUTBOUND_1.WAV');
  expect(parsed).toMatchObject({
    direction: 'outbound',
    uid: '1',
    ext: 'wav',
    stem: '20171012-140253_OUTBOUND_1',
  });
  expect(codes(parsed)).toEqual(clean);
});

test.each(['outbound', 'outbound_', 'OUTBOUND_', 'outbound_ ', ''])(
  'case 6: a recording named "%s" after its time is rejected with EMPTY_UID',
  (rest) => {
    const parsed = parse(`20171012-140253_${rest}.wav`);
    expect(codes(parsed).issues).toEqual(['EMPTY_UID']);
    expect(parsed.uid).toBeNull();
  },
);

test.each(['a.wav', '20171012_140253_outbound_1.wav', '20171012-1402_outbound_1.wav', '20171012-140253.wav'])(
  'case 6: %s lies outside the pattern: a warning, and its stem still pairs',
  (name) => {
    const parsed = parse(name);
    expect(codes(parsed)).toEqual({ issues: [], warnings: ['NAME_UNPARSED'] });
    expect(parsed).toMatchObject({ kind: 'recording', stem: name.slice(0, -4), wallTime: null, uid: null });
  },
);

test.each([
  '20170229-140253',
  '20171012-240000',
  '20171012-146053',
  '20171012-140261',
  '20171312-140253',
  '20170012-140253',
  '20171000-140253',
  '20171131-140253',
  '00000101-000000',
])('case 7: the time %s does not exist, so the recording is rejected', (timestamp) => {
  const parsed = parse(`${timestamp}_outbound_1.wav`);
  expect(codes(parsed)).toEqual({ issues: ['INVALID_TIMESTAMP'], warnings: [] });
  expect(parsed.wallTime).toBeNull();
});

test('case 7: second 60 is read as 59, and 29 February of a leap year exists', () => {
  expect(parse('20200229-235960_outbound_1.wav').wallTime).toEqual({
    year: 2020,
    month: 2,
    day: 29,
    hour: 23,
    minute: 59,
    second: 59,
  });
});

test('case 8: a sidecar with a stray space has the stem of its recording, with a warning', () => {
  const sidecar = parse('20171012- 140253_joe.xml');
  expect(sidecar.stem).toBe(parse('20171012-140253_joe.wav').stem);
  expect(sidecar.uid).toBe('joe');
  expect(codes(sidecar)).toEqual({ issues: [], warnings: ['NAME_SPACE'] });
});

test('case 9: only the last extension is cut off', () => {
  const parsed = parse('20171012-140253_outbound_joe.baducci.wav');
  expect(parsed).toMatchObject({
    stem: '20171012-140253_outbound_joe.baducci',
    uid: 'joe.baducci',
    ext: 'wav',
  });
});

test.each([
  'a.wav.filepart',
  'a.part',
  'a.WAV.Partial',
  'a.tmp',
  'a.uploading',
  'a.crdownload',
  '.a.wav',
  '.a.wav.Xy12',
  '.hidden',
  'a.json~',
  'a.wav.writing',
  'a.wav.upload',
  'a.wav.inprogress',
  'a.wav.ocTransferId3924817.part',
  'a.wav.ocTransfer77',
  '~$calls.csv',
  'a.wav~lock',
  '.~lock.calls.csv#',
])('case 13: %s is an upload under way: neither recording nor sidecar, and no reason to reject', (name) => {
  const parsed = parse(name);
  expect(parsed.kind).toBe('temporary');
  expect(codes(parsed)).toEqual(clean);
});

test.each([...MEDIA_EXTENSIONS])('a .%s file is a recording', (ext) => {
  expect(parse(`20171012-140253_outbound_1.${ext.toUpperCase()}`).kind).toBe('recording');
});

test.each(['json', 'xml', 'csv', 'yml', 'yaml'])('a .%s file is a sidecar, whatever its name', (ext) => {
  const parsed = parse(`20170229-250000_outbound.${ext}`);
  expect(parsed.kind).toBe('sidecar');
  expect(codes(parsed)).toEqual(clean);
  expect(codes(parse(`any name.${ext}`))).toEqual(clean);
});

test.each(['a.exe', 'a', 'a.', 'wav', 'a.wav.zip', 'a.part2'])('%s is of no type we take', (name) => {
  const parsed = parse(name);
  expect(parsed.kind).toBe('unsupported');
  expect(codes(parsed)).toEqual({ issues: ['UNSUPPORTED_TYPE'], warnings: [] });
});

test('a direction that other objects inherit is no alias', () => {
  expect(parse('20171012-140253_constructor_1.wav')).toMatchObject({ direction: null, uid: 'constructor_1' });
});

test('every string has an answer', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.constantFrom('.wav', '.json', '.part', ''), (text, ext) => {
      const parsed = parse(text + ext);
      expect(['recording', 'sidecar', 'temporary', 'unsupported']).toContain(parsed.kind);
      expect(parsed.stem).toBe(parsed.stem.normalize('NFC'));
    }),
  );
});

test('a name built by the pattern is read back as it was built', () => {
  const directions = fc.constantFrom('inbound', 'outbound', 'screenshare', 'internal');
  const uids = fc.stringMatching(/^[a-z0-9][a-z0-9._@-]{0,20}$/);
  const times = fc.date({
    min: new Date('1970-01-01T00:00:00Z'),
    max: new Date('2100-01-01T00:00:00Z'),
    noInvalidDate: true,
  });
  fc.assert(
    fc.property(
      times,
      directions,
      uids,
      fc.constantFrom(...MEDIA_EXTENSIONS),
      (time, direction, uid, ext) => {
        const digits = time.toISOString().replace(/\D/g, '');
        const name = `${digits.slice(0, 8)}-${digits.slice(8, 14)}_${direction}_${uid}.${ext}`;
        const parsed = parse(name);
        expect(codes(parsed)).toEqual(clean);
        expect(parsed).toMatchObject({ kind: 'recording', direction, uid, ext });
        expect(parsed.wallTime).toEqual({
          year: time.getUTCFullYear(),
          month: time.getUTCMonth() + 1,
          day: time.getUTCDate(),
          hour: time.getUTCHours(),
          minute: time.getUTCMinutes(),
          second: time.getUTCSeconds(),
        });
      },
    ),
  );
});

describe('names of uploads under way that the tenant sets', () => {
  const kindOf = (name: string, temporaryNames: readonly string[] | null) =>
    parseFileName(name, { ...DEFAULT_SETTINGS, temporaryNames }).kind;

  test('stand in place of the usual ones', () => {
    expect(kindOf('a.wav.busy', ['*.busy'])).toBe('temporary');
    expect(kindOf('A.WAV.BUSY', ['*.Busy'])).toBe('temporary');
    expect(kindOf('busy_a.wav', ['busy_*'])).toBe('temporary');
    expect(kindOf('a.wav', ['*.busy'])).toBe('recording');
    expect(kindOf('a.wav.part', ['*.busy'])).toBe('unsupported');
    expect(kindOf('.a.wav', [])).toBe('recording');
    expect(kindOf('a.wav.part', null)).toBe('temporary');
  });

  test.for([
    ['*', 'anything', true],
    ['?.tmp', 'a.tmp', true],
    ['?.tmp', 'ab.tmp', false],
    ['a*b*c', 'a-b-b-c', true],
    ['a*b*c', 'a-b-b', false],
    ['*.part', '.part', true],
    ['part', 'part', true],
    ['part', 'parts', false],
    ['a+b(c', 'A+B(C', true],
    ['*.*~', 'a.b~', true],
    ['', '', true],
  ] as const)('the pattern %s and the name %s: %s', ([pattern, name, isTaken]) => {
    expect(isTemporaryName(name, [pattern])).toBe(isTaken);
  });

  test('a pattern and a name made to be slow are compared at once', () => {
    const startedAt = performance.now();
    expect(isTemporaryName('a'.repeat(255), ['*a'.repeat(31).concat('b')])).toBe(false);
    expect(performance.now() - startedAt).toBeLessThan(50);
  });

  test('a pattern that ordinary names fit is refused', () => {
    for (const pattern of ['*', '*.*', '*.wav', '*.JSON', '20*', '*a*', '?*'])
      expect(checkTemporaryName(pattern).map(({ code }) => code)).toEqual(['MAPPING_INVALID']);
    for (const pattern of [...DEFAULT_TEMPORARY_NAMES, 'tmp_*', '*.wav.*', 'upload-*.wav'])
      expect({ pattern, issues: checkTemporaryName(pattern) }).toEqual({ pattern, issues: [] });
  });
});
