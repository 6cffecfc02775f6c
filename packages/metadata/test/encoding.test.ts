import iconv from 'iconv-lite';
import { describe, expect, test } from 'vitest';
import { type MetadataFormat, parseMetadata } from '../src/index.ts';
import { codesOf, fieldsOf, parseText } from './parse-text.ts';
import { FORMATS, WRITERS } from './writers.ts';

const FIELDS = { name: 'Zoë Müller', price: '5 €', note: 'naïve' };

const encode = (format: MetadataFormat, encoding: string, addBOM: boolean): Buffer =>
  iconv.encode(WRITERS[format](FIELDS), encoding, { addBOM });

describe.each(FORMATS)('%s', (format) => {
  test.each([
    ['utf-8', 'utf8', false],
    ['utf-8', 'utf8', true],
    ['utf-16le', 'utf16le', true],
    ['utf-16be', 'utf16be', true],
    ['utf-16le', 'utf16le', false],
    ['utf-16be', 'utf16be', false],
    ['windows-1252', 'win1252', false],
  ] as const)('case 66: %s is read and reported (%s, mark %s)', (reported, encoding, addBOM) => {
    const parsed = parseMetadata({ bytes: encode(format, encoding, addBOM), format });
    expect(parsed.encoding).toBe(reported);
    expect(parsed.issues).toEqual([]);
    expect(parsed.warnings).toEqual([]);
    expect(fieldsOf(parsed)).toEqual([FIELDS]);
  });

  test('a byte order mark put there twice is no part of the first key', () => {
    expect(fieldsOf(parseText(format, `\ufeff\ufeff${WRITERS[format](FIELDS)}`))).toEqual([FIELDS]);
  });

  test.each([
    ['no bytes', Buffer.alloc(0)],
    ['white space', Buffer.from(' \r\n\t\n')],
    ['a lone UTF-8 mark', Buffer.from([0xef, 0xbb, 0xbf])],
    ['a lone UTF-16 mark', Buffer.from([0xff, 0xfe])],
    ['a mark and white space', Buffer.from('\ufeff\n')],
  ])('case 25: %s is METADATA_INVALID', (_, bytes) => {
    const parsed = parseMetadata({ bytes, format });
    expect(codesOf(parsed)).toEqual(['METADATA_INVALID']);
    expect(parsed.records).toEqual([]);
  });

  test.each([
    ['a NUL in the text', Buffer.from(`${WRITERS[format](FIELDS)}\0`)],
    ['UTF-8 by its mark and not by its bytes', Buffer.from([0xef, 0xbb, 0xbf, 0x61, 0xff, 0x62])],
    ['UTF-16 cut in half a character', Buffer.from('\ufeffa,b', 'utf16le').subarray(0, 7)],
    ['UTF-32', Buffer.from([0xff, 0xfe, 0, 0, 0x61, 0, 0, 0])],
    ['bytes of no encoding that we read', Buffer.from([0x61, 0x81, 0x8d, 0xff])],
  ])('%s is METADATA_INVALID, never a guess', (_, bytes) => {
    const parsed = parseMetadata({ bytes, format });
    expect(codesOf(parsed)).toEqual(['METADATA_INVALID']);
    expect(parsed.records).toEqual([]);
  });
});

test('the place of a NUL is told', () => {
  expect(parseText('csv', 'a,b\n1,\0\n').issues[0]?.at).toBe('line 2, column 3');
});
