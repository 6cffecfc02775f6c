import { describe, expect, test } from 'vitest';
import { codesOf, fieldsOf, parseText } from './parse-text.ts';
import { readList } from './read-list.ts';

describe.each(['json', 'xml', 'yaml'] as const)('%s', (format) => {
  test.each(readList(`${format}-accepted`))('accepts $why', ({ input, expected }) => {
    const parsed = parseText(format, input);
    expect(parsed.issues).toEqual([]);
    expect(fieldsOf(parsed)).toEqual([JSON.parse(expected)]);
  });

  test.each(readList(`${format}-refused`))(
    'refuses $why, with a place and without records',
    ({ input, expected }) => {
      const parsed = parseText(format, input);
      expect(codesOf(parsed)[0]).toBe('METADATA_INVALID');
      expect(parsed.issues[0]?.at).toMatch(/^line \d+, column \d+$/);
      expect(parsed.records).toEqual([]);
      if (expected !== '') expect(parsed.issues[0]?.at).toBe(expected);
    },
  );
});
