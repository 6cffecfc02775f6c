import { expect, test } from 'vitest';
import { formatOfExtension } from '../src/index.ts';

test.each([
  ['json', 'json'],
  ['xml', 'xml'],
  ['csv', 'csv'],
  ['yml', 'yaml'],
  ['yaml', 'yaml'],
  ['JSON', 'json'],
  ['Yml', 'yaml'],
  ['mp3', null],
  ['', null],
  ['constructor', null],
])('the extension %j is of the format %j', (ext, format) => {
  expect(formatOfExtension(ext)).toBe(format);
});
