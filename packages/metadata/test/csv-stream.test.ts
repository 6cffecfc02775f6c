import fc from 'fast-check';
import iconv from 'iconv-lite';
import Papa from 'papaparse';
import { describe, expect, test } from 'vitest';
import { CsvStream, type CsvStreamRow, EncodingDetector, parseMetadata } from '../src/index.ts';

/** All that a text gives, in pieces of so many characters. */
function readIn(text: string, size: number, limits = {}): CsvStreamRow[] {
  const stream = new CsvStream(limits);
  const rows: CsvStreamRow[] = [];
  for (let at = 0; at === 0 || at < text.length; at += size)
    rows.push(...stream.push(text.slice(at, at + size), at + size >= text.length));
  return rows;
}
const cellsOf = (rows: readonly CsvStreamRow[]): string[][] =>
  rows.flatMap((row) => (row.kind === 'row' ? [row.cells] : []));
const linesOf = (rows: readonly CsvStreamRow[]): number[] =>
  rows.flatMap((row) => (row.kind === 'row' ? [row.line] : []));

const value = fc.string({ unit: fc.constantFrom('a', 'ü', '"', ',', '\n', '\r\n', ' ', ';'), maxLength: 6 });

test('whatever the pieces, a stream gives the rows that papaparse gives of the whole', () => {
  const table = fc.array(fc.tuple(value, value, value), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(
      table,
      fc.integer({ min: 1, max: 40 }),
      fc.constantFrom('\n', '\r\n', '\r'),
      (rows, size, newline) => {
        const text = Papa.unparse([['one', 'two', 'three'], ...rows], { newline, quotes: true });
        // The first piece tells the delimiter, so it holds the header.
        const stream = new CsvStream();
        const found: CsvStreamRow[] = [...stream.push(text.slice(0, 25), false)];
        for (let at = 25; at < text.length; at += size)
          found.push(...stream.push(text.slice(at, at + size), false));
        found.push(...stream.push('', true));
        expect(cellsOf(found)).toEqual(rows);
      },
    ),
    { numRuns: 500 },
  );
});

test('case 66: a stream reads what the reader of whole files reads, line for line', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', ' '), maxLength: 60 }),
      fc.integer({ min: 1, max: 9 }),
      (body, size) => {
        const text = `one,two\n${body}`;
        const whole = parseMetadata({ bytes: Buffer.from(text), format: 'csv' });
        const stream = new CsvStream();
        const rows = [...stream.push(text.slice(0, 8), false)];
        for (let at = 8; at < text.length; at += size)
          rows.push(...stream.push(text.slice(at, at + size), false));
        rows.push(...stream.push('', true));
        fc.pre(!rows.some((row) => row.kind === 'fault'));
        expect(cellsOf(rows).map((cells) => cells.slice(0, 2))).toEqual(
          whole.records.map(({ fields }) => Object.values(fields)),
        );
        expect(linesOf(rows).map((line) => `line ${line}`)).toEqual(whole.records.map(({ at }) => at));
      },
    ),
    { numRuns: 2_000 },
  );
});

describe('a row that cannot be read costs no other', () => {
  test('case 67: a ragged row is an error at its line, the rest go in', () => {
    const rows = readIn('a,b\n1,2\n1\n1,2,3\n"x\ny",4\n5,6\n', 7);
    expect(rows.slice(1)).toMatchObject([
      { kind: 'row', line: 2 },
      { kind: 'bad', line: 3, code: 'METADATA_INVALID' },
      { kind: 'bad', line: 4, code: 'METADATA_INVALID' },
      { kind: 'row', line: 5, cells: ['x\ny', '4'] },
      { kind: 'row', line: 7 },
    ]);
  });

  test('case 67: text after a closing quote is an error of its row alone; a quote that never closes ends the file', () => {
    expect(readIn('a,b\n"1"x,2\n3,4\n', 3).slice(1)).toMatchObject([
      { kind: 'bad', line: 2 },
      { kind: 'row', line: 3, cells: ['3', '4'] },
    ]);
    expect(readIn('a,b\n1,2\n"3,4\n5,6\n', 3).at(-1)).toMatchObject({ kind: 'fault', line: 3 });
  });

  test.each([1, 5, 100, 100_000])(
    'case 78: a row over the limits is told and passed over, in pieces of %i',
    (size) => {
      const limits = { rowLength: 50, fieldsPerRecord: 3 };
      const text = `a,b\n1,${'x'.repeat(99)}\n2,"${'y\n'.repeat(99)}"\r\n3,"${'""'.repeat(60)}"\n1,2,3,4,5\n5,6\n`;
      const rows = readIn(text, Math.max(size, 4), limits);
      expect(rows.slice(1)).toMatchObject([
        { kind: 'bad', line: 2, code: 'ROW_TOO_LARGE' },
        { kind: 'bad', line: 3, code: 'ROW_TOO_LARGE' },
        { kind: 'bad', line: 103, code: 'ROW_TOO_LARGE' },
        { kind: 'bad', line: 104, code: 'ROW_TOO_LARGE' },
        { kind: 'row', line: 105, cells: ['5', '6'] },
      ]);
    },
  );

  test('case 78: a cell of 64 MB is one bad row, and is never kept', () => {
    const stream = new CsvStream();
    const rows = [...stream.push('a,b\n1,"', false)];
    const piece = 'z'.repeat(1024 * 1024);
    const before = process.memoryUsage().heapUsed;
    for (let n = 0; n < 64; n += 1) rows.push(...stream.push(piece, false));
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(32 * 1024 * 1024);
    rows.push(...stream.push('"\n2,3\n', true));
    expect(rows.slice(1)).toMatchObject([
      { code: 'ROW_TOO_LARGE', line: 2 },
      { kind: 'row', line: 3 },
    ]);
  });

  test('case 116: a row of exactly the byte limit of a record goes in, one byte more is an error of the row', () => {
    const rows = readIn(`aé,b\n${'x'.repeat(10)},ééé\n${'x'.repeat(11)},ééé\n1,2\n`, 7, { recordBytes: 20 });
    expect(rows.slice(1)).toMatchObject([
      { kind: 'row', line: 2 },
      { kind: 'bad', line: 3, code: 'ROW_TOO_LARGE' },
      { kind: 'row', line: 4 },
    ]);
  });

  test('a NUL is an error of its row', () => {
    expect(readIn('a,b\n1,\0\n3,4\n', 100).slice(1)).toMatchObject([
      { kind: 'bad', line: 2 },
      { kind: 'row' },
    ]);
  });
});

describe('a header that cannot be used refuses the file', () => {
  test.each([
    ['a name twice', 'a,b,a\n1,2,3\n', 'DUPLICATE_HEADER'],
    ['a name of every object', 'a,__proto__\n1,2\n', 'METADATA_INVALID'],
    [
      '10,000 columns',
      `${Array.from({ length: 10_000 }, (_, n) => `c${n}`).join(',')}\n1\n`,
      'ROW_TOO_LARGE',
    ],
    ['nothing at all', '', 'METADATA_INVALID'],
    ['blank lines', '\n \n', 'METADATA_INVALID'],
  ])('%s', (_what, text, code) => {
    expect(readIn(text, 1_000_000)).toMatchObject([{ kind: 'refused', issues: [{ code }] }]);
  });
});

describe('the encoding of a stream', () => {
  const text = `Id,Näme\n${'1,Jürgen “x”\n'.repeat(400)}`;
  const detect = (bytes: Buffer, size: number): string | null => {
    const detector = new EncodingDetector({ format: 'csv' });
    for (let at = 0; at < bytes.length; at += size) detector.push(bytes.subarray(at, at + size));
    const verdict = detector.finish();
    return verdict.isText ? verdict.encoding : null;
  };
  test.each([1, 3, 1_000, 1_000_000])('is that of the whole file, in pieces of %i bytes', (size) => {
    expect(detect(Buffer.from(text), size)).toBe('utf-8');
    expect(detect(Buffer.from(`\ufeff${text}`), size)).toBe('utf-8');
    expect(detect(iconv.encode(text, 'utf-16le'), size)).toBe('utf-16le');
    expect(detect(iconv.encode(text, 'utf-16be'), size)).toBe('utf-16be');
    expect(detect(iconv.encode(text, 'windows-1252'), size)).toBe('windows-1252');
    expect(detect(Buffer.from([0x41, 0x81, 0xff]), size)).toBe(null);
    expect(detect(Buffer.from(text).subarray(0, -1).subarray(0, 8), size)).toBe('utf-8');
  });

  test('a UTF-8 text that ends inside a character is not UTF-8', () => {
    expect(detect(Buffer.from('Id\nü').subarray(0, 4), 1)).toBe('windows-1252');
  });
});
