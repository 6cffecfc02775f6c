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

/** Comments, errors and logs of the code, for the words that are never a name of something in it. */
const CODE = ['packages/*/src/**/*.ts', 'apps/*/src/**/*.ts', 'scripts/*.ts', 'bench/*.ts'];
const CODE_WORDS: typeof WORDS = [
  [/\b(is|are) away\b/i, 'is unavailable'],
  [/\bslip of the pen\b/i, 'misspelling'],
  [/\bstands? twice\b/i, 'Duplicate …'],
  [/(?<!\bthere )\b(is|are) no (?!longer\b|more\b)/i, 'is not a'],
  [/\bat most so many\b/i, 'maximum number of results'],
  [/\bfault of ours\b/i, 'unhandled error'],
  [/\bcomes again\b/i, 'is retried'],
  [/\b(Tells|Told)\b/, 'Reports, Called when'],
  [/\balarm clock\b/i, 'wake-up'],
  [/\bspeaks for\b/i, 'represents'],
];

/** Sentences of the tables that another package owns and tests. */
const ALLOWED: readonly string[] = ['ROW_IGNORED', 'may also be told the codes'];

/** Each use of a word in some files, with its place and what to say. */
function findWords(patterns: readonly string[], words: typeof WORDS): { files: number; found: string[] } {
  const files = patterns
    .flatMap((pattern) => globSync(pattern, { cwd: ROOT }))
    .filter((file) => !HISTORY.includes(file) && !file.includes('generated'));
  const found = files.flatMap((file) =>
    readFileSync(join(ROOT, file), 'utf8')
      .split('\n')
      .flatMap((line, index) =>
        ALLOWED.some((allowed) => line.includes(allowed))
          ? []
          : words
              .filter(([not]) => not.test(line))
              .map(([not, but]) => `${file}:${index + 1} ${not.exec(line)?.[0]}: say "${but}"`),
      ),
  );
  return { files: files.length, found };
}

test('public words follow the house style', () => {
  const { files, found } = findWords(PUBLIC, WORDS);
  expect(files).toBeGreaterThan(40);
  expect(found).toEqual([]);
});

test('comments, errors and logs of the code follow the house style', () => {
  const { files, found } = findWords(CODE, CODE_WORDS);
  expect(files).toBeGreaterThan(500);
  expect(found).toEqual([]);
});
