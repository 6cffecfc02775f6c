import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const { holdsLockedPackages, throughPlainPath } = (await import(
  pathToFileURL(join(import.meta.dirname, '../../scripts/bootstrap.mjs')).href
)) as {
  holdsLockedPackages(folder: string): boolean;
  throughPlainPath<T>(folder: string, work: (path: string) => T): T;
};

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

test('a new package of the workspace is installed once it is linked, and a new version is not', () => {
  const folder = makeFolder('clone');
  const lock = (zod: string) => ({
    packages: {
      'packages/new': { name: '@callbay/new' },
      'node_modules/@callbay/new': { resolved: 'packages/new', link: true },
      'node_modules/zod': { version: zod, integrity: zod },
    },
  });
  const writeLock = (zod: string) =>
    writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lock(zod)));
  mkdirSync(join(folder, 'packages/new'), { recursive: true });
  mkdirSync(join(folder, 'node_modules/@callbay'), { recursive: true });
  writeFileSync(join(folder, 'packages/new/package.json'), '{}');
  const present = { packages: { 'node_modules/zod': { version: '1', integrity: '1' } } };
  writeFileSync(join(folder, 'node_modules/.package-lock.json'), JSON.stringify(present));
  writeLock('1');
  expect(holdsLockedPackages(folder)).toBe(false);
  symlinkSync('../../packages/new', join(folder, 'node_modules/@callbay/new'));
  expect(holdsLockedPackages(folder)).toBe(true);
  writeLock('2');
  expect(holdsLockedPackages(folder)).toBe(false);
});
