import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

/** Where people read our words: the command, the API's document, and the pages. The lists of cases and decisions are history. */
const PUBLIC = ['README.md', 'docs/*.md', 'docs/openapi.json', 'apps/callbay/src/**/*.ts'];
const HISTORY = ['docs/cases.md'];

/** What the house style does not say, and what it says instead. */
const WORDS: readonly (readonly [not: RegExp, but: string])[] = [
  [/\b(is|are) away\b/i, 'is unavailable'],
  [/\bno such thing\b/i, 'Not found.'],
  [/\bslip of the pen\b/i, 'Check the spelling.'],
  [/\bstands? twice\b/i, 'Duplicate …'],
  [/\b(is|are) no (?!longer\b|more\b)/i, 'is not a'],
  [/\bat most so many\b/i, 'maximum number of results'],
  [/\bso many\b/i, 'that number of'],
  [/\bown words\b/i, 'log output'],
  [/\bfault of ours\b/i, 'unhandled error'],
  [/\bcomes again\b/i, 'is retried'],
  [/\b(tells?|told|telling)\b/i, 'log, report, return, list'],
  [/\balarm clock\b/i, 'wake-up'],
  [/\bspeaks for\b/i, 'represents'],
];

/** Sentences of the tables that another package owns and tests. */
const ALLOWED: readonly string[] = ['ROW_IGNORED', 'may also be told the codes'];

test('public words follow the house style', () => {
  const files = PUBLIC.flatMap((pattern) => globSync(pattern, { cwd: ROOT })).filter(
    (file) => !HISTORY.includes(file),
  );
  expect(files.length).toBeGreaterThan(40);
  const found = files.flatMap((file) =>
    readFileSync(join(ROOT, file), 'utf8')
      .split('\n')
      .flatMap((line, index) =>
        ALLOWED.some((allowed) => line.includes(allowed))
          ? []
          : WORDS.filter(([not]) => not.test(line)).map(
              ([not, but]) => `${file}:${index + 1} ${not.exec(line)?.[0]}: say "${but}"`,
            ),
      ),
  );
  expect(found).toEqual([]);
});
