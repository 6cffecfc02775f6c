import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const { throughPlainPath } = (await import(
  pathToFileURL(join(import.meta.dirname, '../scripts/bootstrap.mjs')).href
)) as { throughPlainPath<T>(folder: string, work: (path: string) => T): T };

function makeFolder(name: string): string {
  const parent = mkdtempSync(join(tmpdir(), 'callbay-bootstrap-'));
  onTestFinished(() => rmSync(parent, { recursive: true, force: true }));
  const folder = join(parent, name);
  mkdirSync(folder);
  writeFileSync(join(folder, 'file'), 'kept');
  return folder;
}

test.each(['a b', "it's", 'a$b', 'ä'])(
  'a clone in a folder named %j is built by a path that gyp can take',
  (name) => {
    const folder = makeFolder(name);
    const used = throughPlainPath(folder, (path) => {
      expect(path).toMatch(/^[\w./:\\~-]+$/);
      expect(readFileSync(join(path, 'file'), 'utf8')).toBe('kept');
      return path;
    });
    expect(existsSync(dirname(used))).toBe(false);
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('kept');
  },
);

test('a clone in a plain folder is built where it is', () => {
  const folder = makeFolder('plain');
  expect(throughPlainPath(folder, (path) => path)).toBe(folder);
});

test('a build that throws leaves no link behind', () => {
  let used = '';
  expect(() =>
    throughPlainPath(makeFolder('a b'), (path) => {
      used = path;
      throw new Error('no compiler');
    }),
  ).toThrow('no compiler');
  expect(existsSync(dirname(used))).toBe(false);
});
