import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toCsvCell, toCsvRow } from '../src/index.ts';

describe('a cell that we write', () => {
  test.each([
    ['=1+1', "'=1+1"],
    ['=HYPERLINK("http://x")', `"'=HYPERLINK(""http://x"")"`],
    ['+1+1', "'+1+1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['-1+1', "'-1+1"],
    ['-', "'-"],
    ['\tx', `"'\tx"`],
    ['\rx', `"'\rx"`],
    ['\nx', `"'\nx"`],
    ['＝1', "'＝1"],
    ['+0123456', "'+0123456"],
    ['+1234567890123456', "'+1234567890123456"],
    ['+1 469 451 9385', "'+1 469 451 9385"],
    ['-1e5', "'-1e5"],
  ])('case 77: %j is made inert', (value, cell) => {
    expect(toCsvCell(value)).toBe(cell);
  });

  test.each(['+14694519385', '+4930123456', '-5', '-5.25', 'a=b', 'x@y.z', '1-2', '', '0042', ' =1'])(
    'case 77: %j stays as it is',
    (value) => {
      expect(toCsvCell(value)).toBe(value);
    },
  );

  test('case 77: no text becomes a cell that a spreadsheet would run', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('=', '+', '-', '@', '\t', '\r', '1', 'A', '"', ',', ';', '.') }),
        (text) => {
          const cell = toCsvCell(text);
          const content = cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell;
          expect(content.replace(/^'/, '')).toBe(text);
          expect(/^[=@\t\r]/.test(content) || /^[+-](?![0-9.]+$)/.test(content)).toBe(false);
        },
      ),
    );
  });

  test('is quoted where RFC 4180 asks for it, and where another delimiter might part it', () => {
    expect(['a,b', 'a"b', 'a\nb', 'a\r\nb', 'a;b', 'a|b', 'a\tb', "a'b"].map(toCsvCell)).toEqual([
      '"a,b"',
      '"a""b"',
      '"a\nb"',
      '"a\r\nb"',
      '"a;b"',
      '"a|b"',
      '"a\tb"',
      "a'b",
    ]);
  });

  test('writes numbers and truth as their words and an unknown value as nothing', () => {
    expect([-5, 1.5, true, null].map(toCsvCell)).toEqual(['-5', '1.5', 'true', '']);
  });
});

test('a row ends in CRLF, and one empty cell is not an empty line', () => {
  expect(toCsvRow(['a', null, 2])).toBe('a,,2\r\n');
  expect(toCsvRow([null])).toBe('""\r\n');
});
