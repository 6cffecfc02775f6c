import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const MOST_FILES = 20;

test('the walk from CLOSE to surfaced opens at most 20 files, and each of them exists with what it is said to hold', () => {
  const page = readFileSync(join(ROOT, 'docs/ARCHITECTURE.md'), 'utf8');
  const rows = [...page.matchAll(/^\| (\d+) \| `([^`]+)` \| (.*) \|$/gm)];
  expect(rows.length).toBeGreaterThan(10);
  expect(rows.length).toBeLessThanOrEqual(MOST_FILES);
  for (const [n, [, place, file, what]] of rows.entries()) {
    expect(Number(place)).toBe(n + 1);
    const path = join(ROOT, 'packages', file!);
    expect(existsSync(path), file).toBe(true);
    const named = /^`(\w+)`/.exec(what!)?.[1];
    if (named !== undefined)
      expect(readFileSync(path, 'utf8'), `${file} ${named}`).toMatch(new RegExp(`\\b${named}\\b`));
  }
});
