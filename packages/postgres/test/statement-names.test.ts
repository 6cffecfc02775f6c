import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const src = join(import.meta.dirname, '..', 'src');

test('each prepared statement has a name of its own: one name with two texts fails on whichever comes second', () => {
  const names = globSync('**/*.ts', { cwd: src })
    .filter((path) => !path.startsWith('generated'))
    .flatMap((path) => {
      const text = readFileSync(join(src, path), 'utf8');
      return [...text.matchAll(/\],\s*'([a-z]+(?:[-_][a-z]+)+)',?\s*\)/g)].map(([, name]) => `${name}`);
    });
  expect(names.length).toBeGreaterThan(20);
  expect(names.filter((name, nth) => names.indexOf(name) !== nth)).toEqual([]);
});
