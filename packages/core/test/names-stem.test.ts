import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { baseName, canonicalStem, namedStem } from '../src/names/canonical-stem.ts';
import { stripSourcePrefix } from '../src/names/strip-source-prefix.ts';

describe('case 8: a stray space beside the dash of the time is taken out, and only there', () => {
  test.each([
    ['20171012- 140253_joe.xml', '20171012-140253_joe', true],
    ['20171012 -140253_joe.xml', '20171012-140253_joe', true],
    ['20171012  -  140253_joe.xml', '20171012-140253_joe', true],
    ['20171012- 140253.xml', '20171012-140253', true],
    ['20171012-140253_joe.xml', '20171012-140253_joe', false],
    ['20171012-140253_joe - 2.xml', '20171012-140253_joe - 2', false],
    ['20171012- 1402539_joe.xml', '20171012- 1402539_joe', false],
    ['x20171012- 140253_joe.xml', 'x20171012- 140253_joe', false],
    ['joe- 140253.xml', 'joe- 140253', false],
  ])('%s', (name, stem, hadStraySpace) => {
    expect(canonicalStem(name)).toEqual({ stem, ext: 'xml', hadStraySpace });
  });
});

test('case 9: only the last extension is cut off, in lower case', () => {
  expect(canonicalStem('joe.baducci.WAV')).toEqual({ stem: 'joe.baducci', ext: 'wav', hadStraySpace: false });
  expect(canonicalStem('joe')).toMatchObject({ stem: 'joe', ext: '' });
  expect(canonicalStem('joe.')).toMatchObject({ stem: 'joe.', ext: '' });
  expect(canonicalStem('.joe')).toMatchObject({ stem: '.joe', ext: '' });
});

test('case 10: a stem composed and one decomposed are the same stem', () => {
  expect(canonicalStem('20171012-140253_jose\u0301.wav').stem).toBe(
    canonicalStem('20171012-140253_jos\u00e9.json').stem,
  );
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(canonicalStem(`${text.normalize('NFD')}.wav`).stem).toBe(
        canonicalStem(`${text.normalize('NFC')}.wav`).stem,
      );
    }),
  );
});

test.each([
  ['sftp/path/to/a.mp3', 'a.mp3'],
  ['C:\\calls\\2024\\a.mp3', 'a.mp3'],
  ['mixed/of\\both.mp3', 'both.mp3'],
  ['\\\\server/share\\a.mp3', 'a.mp3'],
  ['a.mp3', 'a.mp3'],
  ['path/', ''],
  ['', ''],
])('case 22: the path "%s" names "%s"', (path, base) => {
  expect(baseName(path)).toBe(base);
});

test('case 22: a stem is that of the base name', () => {
  expect(canonicalStem('sftp/path.d/to/20171012- 140253_joe.mp3').stem).toBe('20171012-140253_joe');
});

test.each([
  ['sftp/path/to/a.MP3', 'a'],
  [' a.mp3 ', 'a'],
  ['20171012- 140253_joe.wav', '20171012-140253_joe'],
  ['1620770399.1234', '1620770399.1234'],
  ['joe.baducci', 'joe.baducci'],
  ['folder/', null],
  ['', null],
])('the recording named "%s" has the stem %s: only a media extension is cut', (filename, stem) => {
  expect(namedStem(filename)).toBe(stem);
});

test('reading a stem again does not change it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const { stem } = canonicalStem(`${text}.wav`);
      expect(canonicalStem(`${stem}.wav`)).toEqual({
        stem,
        ext: stem === '' ? '' : 'wav',
        hadStraySpace: false,
      });
    }),
  );
});

describe('case 12: the longest configured source prefix is taken off a stem', () => {
  test.each([
    ['ringcentral_BXyT30eVTWlZjUA', ['ringcentral_'], 'BXyT30eVTWlZjUA'],
    ['ringcentral_BX', ['ring', 'ringcentral_', 'ringcen'], 'BX'],
    ['ringcentral_', ['ringcentral_'], 'ringcentral_'],
    ['RingCentral_BX', ['ringcentral_'], 'RingCentral_BX'],
    ['BX_ringcentral_', ['ringcentral_'], 'BX_ringcentral_'],
    ['\u00e9_a', ['e\u0301_'], 'a'],
    ['a', [], 'a'],
  ])('%s', (stem, prefixes, rest) => {
    expect(stripSourcePrefix(stem, prefixes)).toBe(rest);
  });
});
