import fc from 'fast-check';
import Papa from 'papaparse';
import { describe, expect, test } from 'vitest';
import { scanCsv } from '../src/csv/scan-csv.ts';
import { parseMetadata } from '../src/index.ts';
import { codesOf, fieldsOf, parseText } from './parse-text.ts';

describe('delimiters and line ends', () => {
  test.each([
    [',', 'id,note\n1,x\n'],
    [';', 'id;note\n1;x\n'],
    ['\t', 'id\tnote\n1\tx\n'],
    ['|', 'id|note\n1|x\n'],
  ])('case 66: the delimiter %j is detected and reported', (delimiter, text) => {
    const parsed = parseText('csv', text);
    expect(parsed.delimiter).toBe(delimiter);
    expect(parsed.header).toEqual(['id', 'note']);
    expect(fieldsOf(parsed)).toEqual([{ id: '1', note: 'x' }]);
  });

  test.each([
    ['commas in the text of a semicolon file', 'id;note\n1;a, b, c\n2;d, e\n', ';'],
    ['decimal commas', 'id;amount\n1;2,50\n2;3,75\n', ';'],
    ['delimiters inside quotes', 'id,note\n1,"a;b;c"\n2,"d;e;f"\n', ','],
    ['a delimiter that only the header has twice', 'a|b;c\nx;y\n1;2\n', ';'],
    ['a statement by the spreadsheet', 'sep=|\na,b|c\n1,2|3\n', '|'],
    ['a single column', 'id\n1\n', ','],
  ])('case 66: the delimiter is found despite %s', (_, text, delimiter) => {
    const parsed = parseText('csv', text);
    expect(parsed.delimiter).toBe(delimiter);
    expect(parsed.issues).toEqual([]);
  });

  test('case 66: mixed line ends each end a row, and stay as they are inside quotes', () => {
    const parsed = parseText('csv', 'a,b\r\n1,"x\r\ny"\n2,"x\ry\r"\r3,z\r\n\r\n4,"w"');
    expect(parsed.issues).toEqual([]);
    expect(fieldsOf(parsed)).toEqual([
      { a: '1', b: 'x\r\ny' },
      { a: '2', b: 'x\ry\r' },
      { a: '3', b: 'z' },
      { a: '4', b: 'w' },
    ]);
  });

  test('a record stands at the physical line where its row begins', () => {
    const parsed = parseText('csv', 'a,b\n"1\n2\r\n3",x\r\n\n4,y\n');
    expect(parsed.records.map((record) => record.at)).toEqual(['line 2', 'line 6']);
    expect(parseText('csv', 'sep=;\na;b\n1;2\n').records[0]?.at).toBe('line 3');
  });

  test('any text of one line end is parted into rows and cells as papaparse parts it, or refused as it refuses it', () => {
    const text = fc
      .array(fc.constantFrom('a', 'é', '"', '"', '"x"', '""', ',', '\n', ' '), {
        minLength: 1,
        maxLength: 25,
      })
      .map((units) => units.join(''))
      // papaparse lets spaces follow a closing quote, but not at the end of the file: we do everywhere.
      .filter((input) => !/" *$/.test(input) || input.endsWith('"'));
    fc.assert(
      fc.property(text, (input) => {
        const expected = Papa.parse<string[]>(input, { delimiter: ',', newline: '\n' });
        const rows = [...scanCsv(input, 0, ',', { rowLength: 1_000, cells: 1_000 })];
        expect(rows.some((row) => row.kind === 'fault')).toBe(expected.errors.length > 0);
        fc.pre(expected.errors.length === 0);
        const cells = rows.map((row) => (row.kind === 'row' ? row.cells : []));
        expect(input.endsWith('\n') ? [...cells, ['']] : cells).toEqual(expected.data);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('rows', () => {
  test('case 67: a ragged row is an issue with its line and the rest go in', () => {
    const parsed = parseText('csv', 'a,b\n1,2\n3\n4,5,6\n"7\n",8\n9\n');
    expect(parsed.issues.map(({ code, at }) => [code, at])).toEqual([
      ['METADATA_INVALID', 'line 3'],
      ['METADATA_INVALID', 'line 4'],
      ['METADATA_INVALID', 'line 7'],
    ]);
    expect(fieldsOf(parsed)).toEqual([
      { a: '1', b: '2' },
      { a: '7\n', b: '8' },
    ]);
    expect(parsed.rowCount).toBe(5);
  });

  test('lines without any value are no rows', () => {
    const parsed = parseText('csv', '\n  \na,b\n\n1,2\n,\n \n');
    expect(parsed.issues).toEqual([]);
    expect(parsed.rowCount).toBe(1);
  });

  test('a quoted empty cell is a row of a one-column file', () => {
    expect(fieldsOf(parseText('csv', 'a\n""\n'))).toEqual([{ a: '' }]);
  });

  test('nameless columns at the end, and more values than columns, are let go where they are empty', () => {
    const parsed = parseText('csv', 'a,b,,\n1,2,,\n3,4\n5,6,7,\n8,9,,,\n');
    expect(parsed.header).toEqual(['a', 'b']);
    expect(fieldsOf(parsed)).toEqual([
      { a: '1', b: '2' },
      { a: '3', b: '4' },
      { a: '8', b: '9' },
    ]);
    expect(parsed.issues.map(({ at }) => at)).toEqual(['line 4']);
  });

  test.each([
    ['a quote that never closes', 'a,b\n1,2\n3,"x\n4,5\n', 'line 3, column 3'],
    ['a quote that never closes in the header', 'a,"b\n1,2\n', 'line 1, column 3'],
  ])('%s leaves no records, since nobody can tell where rows begin', (_, text, at) => {
    const parsed = parseText('csv', text);
    expect(parsed.issues.map(({ code, at: place }) => [code, place])).toEqual([['METADATA_INVALID', at]]);
    expect(parsed.records).toEqual([]);
  });

  test('garbage after a closing quote is an issue of its row alone, at its place', () => {
    const parsed = parseText('csv', 'a,b\n1,2\n"x"y,3\n4,5\n');
    expect(parsed.issues.map(({ code, at }) => [code, at])).toEqual([
      ['METADATA_INVALID', 'line 3, column 4'],
    ]);
    expect(fieldsOf(parsed)).toEqual([
      { a: '1', b: '2' },
      { a: '4', b: '5' },
    ]);
    expect([parsed.rowCount, parsed.readableCount]).toEqual([3, 2]);
  });

  test('spaces after a closing quote and quotes inside a bare cell are let be', () => {
    expect(fieldsOf(parseText('csv', 'a,b\n"x" ,5" pipe\n'))).toEqual([{ a: 'x', b: '5" pipe' }]);
  });

  test.each([
    ['a header only', 'a,b\n'],
    ['a header only, without a line end', 'a,b'],
    ['a header and blank lines', 'a,b\n\n,\n'],
  ])('a file with %s is METADATA_INVALID', (_, text) => {
    expect(codesOf(parseText('csv', text))).toEqual(['METADATA_INVALID']);
  });
});

describe('the header', () => {
  test('case 68: a column that stands twice, also once trimmed, is DUPLICATE_HEADER and nothing is read', () => {
    for (const header of ['a,b,a', 'a,b, a', 'a,b,\u00a0a\u200b']) {
      const parsed = parseText('csv', `${header}\n1,2,3\n`);
      expect(codesOf(parsed)).toEqual(['DUPLICATE_HEADER']);
      expect(parsed.records).toEqual([]);
    }
    expect(codesOf(parseText('csv', 'a,A\n1,2\n'))).toEqual([]);
  });

  test('case 74: column names are trimmed with a warning', () => {
    const parsed = parseText('csv', 'id,"    ChurnRisk"\n1,2\n');
    expect(parsed.header).toEqual(['id', 'ChurnRisk']);
    expect(parsed.warnings.map(({ code, at }) => [code, at])).toEqual([['KEY_TRIMMED', 'line 1']]);
    expect(fieldsOf(parsed)).toEqual([{ id: '1', ChurnRisk: '2' }]);
  });

  test.each([
    ['without a name', 'a,,c\n1,2,3\n'],
    ['named by white space', 'a,"\u00a0",c\n1,2,3\n'],
    ['that would change the prototype', 'a,__proto__\n1,2\n'],
  ])('a column %s is METADATA_INVALID', (_, text) => {
    const parsed = parseText('csv', text);
    expect(codesOf(parsed)).toEqual(['METADATA_INVALID']);
    expect(parsed.records).toEqual([]);
  });

  test('a dotted column is a flat field', () => {
    expect(parseText('csv', 'agent.id,x\n7,1\n').records).toEqual([
      { fields: { 'agent.id': '7', x: '1' }, nestedPaths: [], at: 'line 2' },
    ]);
  });
});

describe('limits', () => {
  test('case 78: a row over the limit is ROW_TOO_LARGE and the others go in', () => {
    const parsed = parseText('csv', `a,b\n1,2\n${'x'.repeat(30)},${'y'.repeat(30)}\n3,4\n`, {
      rowLength: 60,
    });
    expect(parsed.issues.map(({ code, at }) => [code, at])).toEqual([['ROW_TOO_LARGE', 'line 3']]);
    expect(fieldsOf(parsed)).toEqual([
      { a: '1', b: '2' },
      { a: '3', b: '4' },
    ]);
  });

  test('case 78: a row of exactly the limit goes in', () => {
    expect(
      codesOf(parseText('csv', `a,b\n${'x'.repeat(30)},${'y'.repeat(29)}\n`, { rowLength: 60 })),
    ).toEqual([]);
    expect(
      codesOf(parseText('csv', `a,b\n"${'x'.repeat(28)}",${'y'.repeat(29)}\n`, { rowLength: 60 })),
    ).toEqual([]);
  });

  test('case 78: a field over the limit is ROW_TOO_LARGE, counted in bytes', () => {
    const limits = { valueBytes: 10 };
    expect(codesOf(parseText('csv', `a,b\n1,${'x'.repeat(10)}\n`, limits))).toEqual([]);
    expect(codesOf(parseText('csv', `a,b\n1,${'x'.repeat(11)}\n`, limits))).toEqual(['ROW_TOO_LARGE']);
    expect(codesOf(parseText('csv', `a,b\n1,${'é'.repeat(6)}\n`, limits))).toEqual(['ROW_TOO_LARGE']);
  });

  test('case 78: a file over the byte limit is refused unread: for its row if it has no line end', () => {
    const parsed = parseText('csv', 'x'.repeat(101), { bytes: 100 });
    expect([codesOf(parsed), parsed.encoding, parsed.records]).toEqual([['ROW_TOO_LARGE'], 'unknown', []]);
    expect(codesOf(parseText('csv', 'a\n'.repeat(51), { bytes: 100 }))).toEqual(['METADATA_INVALID']);
  });

  test('case 78: 100 MB without a line end are refused without reading them', () => {
    const bytes = Buffer.alloc(100 * 1024 * 1024, 'x');
    const before = process.memoryUsage().heapUsed;
    expect(codesOf(parseMetadata({ bytes, format: 'csv' }))).toEqual(['ROW_TOO_LARGE']);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(1024 * 1024);
  });

  test('case 78: a row far over the limit is passed over without keeping its cells', () => {
    const text = `a,b\n1,2\n${'x,'.repeat(3_000_000)}\n"${'""'.repeat(500_000)}",1\n3,4\n`;
    const parsed = parseText('csv', text);
    expect(parsed.issues.map(({ code, at }) => [code, at])).toEqual([
      ['ROW_TOO_LARGE', 'line 3'],
      ['ROW_TOO_LARGE', 'line 4'],
    ]);
    expect(parsed.records).toHaveLength(2);
  });

  test('a header of too many columns is ROW_TOO_LARGE', () => {
    const columns = Array.from({ length: 11 }, (_, index) => `c${index}`).join(',');
    expect(codesOf(parseText('csv', `${columns}\n${columns}\n`, { fieldsPerRecord: 10 }))).toEqual([
      'ROW_TOO_LARGE',
    ]);
  });

  test('rows past the record limit are counted and said, not kept', () => {
    const parsed = parseText('csv', `a,b\n${'1,2\n'.repeat(50)}`, { records: 3 });
    expect([parsed.records.length, parsed.rowCount, codesOf(parsed)]).toEqual([3, 50, ['METADATA_INVALID']]);
    expect(parseText('csv', `a,b\n${'1,2\n'.repeat(50)}`, { fieldsPerFile: 20 }).records).toHaveLength(10);
  });

  test('issues past the limit are counted by a closing one', () => {
    const parsed = parseText('csv', `a,b\n${'1\n'.repeat(1_000)}`);
    expect(parsed.issues).toHaveLength(101);
    expect(parsed.issues.at(-1)?.message).toContain('900');
  });
});

describe('lines that are no data', () => {
  test('the header again, also behind a byte order mark, is an error of its row', () => {
    const parsed = parseText('csv', 'Id,Name\n1,Ann\n\ufeffId,Name\n2,Bob\nId, Name \n');
    expect(parsed.issues.map(({ code, at }) => [code, at])).toEqual([
      ['METADATA_INVALID', 'line 3'],
      ['METADATA_INVALID', 'line 5'],
    ]);
    expect(parsed.issues[0]?.message).toContain('repeats the header');
    expect(fieldsOf(parsed)).toEqual([
      { Id: '1', Name: 'Ann' },
      { Id: '2', Name: 'Bob' },
    ]);
    expect(parsed.strayCount).toBe(2);
  });

  test('the closing lines of a report are told apart from rows that are short', () => {
    const report =
      'Id,Name,City,Phone,Note\n1,Ann,Bonn,,x\nGrand Totals\n"Copyright (c) 2026, Acme"\n2,Bob,Rome\n';
    const parsed = parseText('csv', report);
    expect([parsed.rowCount, parsed.readableCount, parsed.strayCount]).toEqual([4, 1, 2]);
    expect(parsed.issues.map(({ at }) => at)).toEqual(['line 3', 'line 4', 'line 5']);
  });

  test('a short row says that it is short and where it ends, without a hint at quotes', () => {
    const [issue] = parseText('csv', 'Id,First,Last,Title\n1,Ann\n').issues;
    expect(issue?.message).toContain('Expected 4 values, found 2: the row is short');
    expect(issue?.message).toContain('"Last"');
    expect(issue?.message).not.toContain('quotes');
    expect(parseText('csv', 'Id,First\n1,Ann,x\n').issues[0]?.message).toContain('quotes');
  });

  test('values that are empty beyond the last column are no misfit', () => {
    const parsed = parseText('csv', 'Id,First,Last\n11,Ann,A,\n12,Bob,B, ,\n');
    expect(parsed.issues).toEqual([]);
    expect(fieldsOf(parsed)).toEqual([
      { Id: '11', First: 'Ann', Last: 'A' },
      { Id: '12', First: 'Bob', Last: 'B' },
    ]);
  });

  test.each([1, 2])('case 67: a bad quote in row %i of a batch costs that row alone', (bad) => {
    const rows = ['1,w', '2,x', '3,y'];
    rows[bad - 1] = `${bad},"Big" Joe`;
    const parsed = parseText('csv', `id,n\n${rows.join('\n')}\n`);
    expect(parsed.issues).toMatchObject([{ code: 'METADATA_INVALID', at: `line ${bad + 1}, column 9` }]);
    expect([parsed.rowCount, parsed.readableCount, parsed.strayCount]).toEqual([3, 2, 0]);
  });
});

describe('which delimiter', () => {
  test('two that part header and rows as well are named, and neither is taken', () => {
    const parsed = parseText('csv', 'id;note, long\r\n1;hello, world\r\n');
    expect(parsed.issues).toMatchObject([{ code: 'METADATA_INVALID', at: 'line 1' }]);
    expect(parsed.issues[0]?.message).toMatch(/`,` or `;`/);
    expect(fieldsOf(parseText('csv', 'sep=;\r\nid;note, long\r\n1;hello, world\r\n'))).toEqual([
      { id: '1', 'note, long': 'hello, world' },
    ]);
  });

  test('of two that all rows agree with, the one that gives more names is taken', () => {
    const parsed = parseText('csv', 'id;name;note, long\n1;Ann;a, b\n2;Bob;c, d\n');
    expect([parsed.delimiter, parsed.issues]).toEqual([';', []]);
  });

  test('empty values beyond the last column do not make the other delimiter better', () => {
    const parsed = parseText('csv', 'id,n;m\n1,2,\n3,4,\n');
    expect([parsed.delimiter, fieldsOf(parsed)[0]]).toEqual([',', { id: '1', 'n;m': '2' }]);
  });

  test.each([
    '"sep=;"\r\na;b\r\n1;2\r\n',
    '"sep=;",\na;b\n1;2\n',
    'SEP=;\na;b\n1;2\n',
    'sep=;;;\na;b\n1;2\n',
  ])('the statement %j is known', (text) =>
    expect(fieldsOf(parseText('csv', text))).toEqual([{ a: '1', b: '2' }]),
  );
});
