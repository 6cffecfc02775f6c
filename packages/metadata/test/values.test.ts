import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toCsvRow } from '../src/index.ts';
import { fieldsOf, parseText } from './parse-text.ts';
import { FORMATS, WRITERS } from './writers.ts';

/** Values that a parser of types would change. */
const TREACHEROUS = {
  extension: '0042',
  phone: '+14694519385',
  id: '12345678901234567890',
  sku: '0E68',
  amount: '1.10',
  negative: '-0',
  hex: '0x1F',
  octal: '0o17',
  date: '2021-05-11',
  time: '12:30',
  yes: 'yes',
  no: 'NO',
  truth: 'true',
  nothing: 'null',
  infinity: 'Infinity',
  spaces: '  x  ',
  blank: '',
};

/** Any text a file can hold: no NUL, no half characters. XML 1.0 has no other control characters either. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is left out.
const CONTROL = /[\0-\x08\x0b\x0c\x0e-\x1f]/;
const value = fc
  .string({ unit: 'grapheme', maxLength: 40 })
  .filter((text) => text.isWellFormed() && !CONTROL.test(text));
const key = fc
  .stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,10}$/)
  .filter((name) => !['__proto__', 'constructor', 'prototype'].includes(name));
const record = fc.dictionary(key, value, { minKeys: 1, maxKeys: 12, noNullPrototype: true });

describe('the source strings of values', () => {
  test.each(FORMATS)('case 70: come out of %s identical', (format) => {
    expect(fieldsOf(parseText(format, WRITERS[format](TREACHEROUS)))).toEqual([TREACHEROUS]);
  });

  test('case 70: come out identical without quotes where the format allows it', () => {
    const fields = { sku: '0E68', amount: '1.10', id: '12345678901234567890' };
    const lines = Object.entries(fields);
    expect(
      fieldsOf(parseText('json', `{${lines.map(([name, text]) => `"${name}":${text}`).join(',')}}`)),
    ).toEqual([fields]);
    const bare = { ...fields, extension: '0042', phone: '+14694519385' };
    const yaml = Object.entries(bare).map(([name, text]) => `${name}: ${text}\n`);
    expect(fieldsOf(parseText('yaml', yaml.join('')))).toEqual([bare]);
    expect(fieldsOf(parseText('csv', `${Object.keys(bare)}\n${Object.values(bare)}\n`))).toEqual([bare]);
  });

  test.each(FORMATS)('case 70: any text in any field comes out of %s identical', (format) => {
    fc.assert(
      fc.property(record, (fields) => {
        const parsed = parseText(format, WRITERS[format](fields));
        expect(parsed.issues).toEqual([]);
        expect(fieldsOf(parsed)).toEqual([fields]);
        expect(parsed.records[0]?.nestedPaths).toEqual([]);
      }),
    );
  });

  test('any number that JSON allows comes out as it is written', () => {
    const number = fc.stringMatching(/^-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,5})?$/);
    fc.assert(
      fc.property(number, (text) => {
        expect(fieldsOf(parseText('json', `{"a":${text}}`))).toEqual([{ a: text }]);
      }),
    );
  });

  test('a CSV that we write is read back unchanged, but for what was made inert', () => {
    const harmless = value.filter((text) => !/^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/.test(text));
    fc.assert(
      fc.property(fc.dictionary(key, harmless, { minKeys: 1, noNullPrototype: true }), (fields) => {
        const text = toCsvRow(Object.keys(fields)) + toCsvRow(Object.values(fields));
        const isBlank = Object.values(fields).every((cell) => cell.trim() === '');
        expect(fieldsOf(parseText('csv', text))).toEqual(
          isBlank && Object.keys(fields).length > 1 ? [] : [fields],
        );
      }),
    );
  });
});
