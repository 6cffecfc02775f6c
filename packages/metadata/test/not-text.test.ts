import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { parseMetadata } from '../src/index.ts';
import { codesOf, fieldsOf, parseText } from './parse-text.ts';
import { FORMATS } from './writers.ts';

const zipOf = (name: string): Buffer =>
  Buffer.concat([
    Buffer.from([
      0x50,
      0x4b,
      3,
      4,
      20,
      0,
      8,
      0,
      8,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      name.length,
      0,
      0,
      0,
    ]),
    Buffer.from(name),
    Buffer.alloc(40, 0x81),
  ]);

describe('files that are not text', () => {
  test.each([
    ['an Excel workbook', zipOf('xl/workbook.xml'), 'This is an Excel workbook: save it as CSV.'],
    ['a Word document', zipOf('word/document.xml'), 'Word'],
    [
      'an OpenDocument spreadsheet',
      zipOf('mimetypeapplication/vnd.oasis.opendocument.spreadsheet'),
      'OpenDocument',
    ],
    ['a zip archive', zipOf('calls.csv'), 'zip archive'],
    ['an old workbook', Buffer.from('d0cf11e0a1b11ae1000000', 'hex'), 'Excel 97'],
    ['a PDF', Buffer.from('%PDF-1.7\n%\u00e2\n1 0 obj\n', 'latin1'), 'This is a PDF'],
    ['a rich text document', Buffer.from('{\\rtf1\\ansi id,name}'), 'rich text'],
    ['a compressed file', gzipSync('id,name\n1,x\n'), 'gzip'],
    ['an SQLite database', Buffer.from('SQLite format 3\0\u0010\0'), 'SQLite'],
    ['a Parquet file', Buffer.from('PAR1\u0015\u0004\u0015'), 'Parquet'],
    ['a recording', Buffer.from('RIFF\u0024\0\0\0WAVEfmt ', 'latin1'), 'recording'],
  ])('%s is named at once, with what to do', (_, bytes, sentence) => {
    for (const format of FORMATS) {
      const parsed = parseMetadata({ bytes, format });
      expect([codesOf(parsed), parsed.records]).toEqual([['METADATA_INVALID'], []]);
      expect(parsed.issues[0]?.message).toContain(sentence);
    }
  });

  test('a CSV that begins with the letters of such a format is a CSV', () => {
    for (const name of [
      'PAR1',
      'OggS',
      'fLaC',
      'ID3',
      'BZh',
      'GIF8',
      'Obj',
      'xxxxftyp',
      'PK',
      'RIFF0000WAVE',
    ])
      expect(fieldsOf(parseText('csv', `${name},b\n1,2\n`))).toEqual([{ [name]: '1', b: '2' }]);
  });
});

describe('JSON with a value on each line', () => {
  const LINES = '{"id":"1"}\n{"id":"2"}\r\n\n{"id":\n"3"}\n';

  test('is a list where lists are taken', () => {
    const parsed = parseMetadata({ bytes: Buffer.from(LINES), format: 'json', isList: true });
    expect(parsed.issues).toEqual([]);
    expect(fieldsOf(parsed)).toEqual([{ id: '1' }, { id: '2' }, { id: '3' }]);
    expect(parsed.records.map(({ at }) => at)).toEqual(['line 1', 'line 2', 'line 4']);
  });

  test('is refused with its name and the option where lists are not taken', () => {
    const [issue] = parseText('json', LINES).issues;
    expect(issue?.at).toBe('line 2, column 1');
    expect(issue?.message).toMatch(/NDJSON.*manyRecords/);
  });

  test('is refused at the line that cannot be read', () => {
    const bytes = Buffer.from('{"id":"1"}\n{"id":2,}\n');
    const parsed = parseMetadata({ bytes, format: 'json', isList: true });
    expect(parsed.issues).toMatchObject([{ at: 'line 2, column 9' }]);
    expect(
      codesOf(parseMetadata({ bytes: Buffer.from('{"a":1} {"a":2}'), format: 'json', isList: true })),
    ).toEqual(['METADATA_INVALID']);
  });
});
