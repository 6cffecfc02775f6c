import fc from 'fast-check';
import { expect, test } from 'vitest';
import { JsonText, writeJson } from '../src/index.ts';

test('plain values are written as JSON.stringify writes them', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(writeJson(value)).toBe(JSON.stringify(value));
    }),
  );
});

test('JSON text goes in as it is, and an undefined field is left out', () => {
  const fields = new JsonText('{"a": 1.10}');
  expect(writeJson({ items: [{ fields, none: undefined }], next: null })).toBe(
    '{"items":[{"fields":{"a": 1.10}}],"next":null}',
  );
});
