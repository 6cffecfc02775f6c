import { isEncoding } from '@callbay/core';
import iconv from 'iconv-lite';
import { expect, test } from 'vitest';
import { parseMetadata } from '../src/index.ts';

/** What the library can do that is no encoding of text. */
const NO_TEXT = new Set(['base64', 'hex', 'binary', 'utf7imap', 'unicode11utf8']);

test('the names that a setting takes are those that the decoder reads, and no others', () => {
  iconv.encodingExists('utf-8');
  const known = Object.keys((iconv as unknown as { encodings: Record<string, unknown> }).encodings).filter(
    (name) => !name.startsWith('_') && !NO_TEXT.has(name),
  );
  expect(known.length).toBeGreaterThan(300);
  expect(known.filter((name) => !isEncoding(name))).toEqual([]);
  for (const name of [...NO_TEXT, 'utf-9', 'x', '']) expect([name, isEncoding(name)]).toEqual([name, false]);
  for (const name of known) {
    const bytes = iconv.encode('id,name\n1,x\n', name);
    const parsed = parseMetadata({ bytes, format: 'csv', encoding: name });
    expect([name, parsed.issues, parsed.records[0]?.fields]).toEqual([name, [], { id: '1', name: 'x' }]);
  }
});
