import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');

/** The codes that the source gives to issues and errors as literals, each with a file that does. */
function codesInSource(): Map<string, string> {
  const found = new Map<string, string>();
  for (const path of globSync('{packages,apps}/*/src/**/*.ts', { cwd: root })) {
    if (path.includes('/generated/')) continue;
    const text = readFileSync(join(root, path), 'utf8');
    // The system's own, such as ENOSPC.
    for (const [, code] of text.matchAll(
      /(?:\b(?:issue|refuse|invalid|sampleIssue|outcomeOf|outcomeSaying|CallbayError)\(\s*|\bcode: |_(?:type|format|value|small|big|of): )'([A-Z][A-Z0-9_]+)'/g,
    ))
      if (!/^E[A-Z]+$/.test(code!)) found.set(code!, path);
  }
  return found;
}

test('every code that the source gives has a row in docs/errors.md', () => {
  const doc = readFileSync(join(root, 'docs', 'errors.md'), 'utf8');
  const found = codesInSource();
  expect(found.size).toBeGreaterThan(60);
  expect([...found].filter(([code]) => !doc.includes(`| \`${code}\` |`))).toEqual([]);
});
