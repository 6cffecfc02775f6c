import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findCircles, findViolations, readUnits, type Unit } from './import-graph.ts';

const root = join(import.meta.dirname, '../..');

const unit = (name: string, dependencies: string[] = []): Unit => ({
  name,
  dependencies,
  devDependencies: ['vitest'],
});
const judge = (of: Unit, text: string, path = 'src/a/b.ts'): string[] => findViolations(of, { path, text });

test('imports point one way, are declared, and only runtime reads the environment', () => {
  const units = readUnits(root);
  expect(units.length).toBeGreaterThan(15);
  const violations = units.flatMap(({ unit: of, sources }) =>
    sources.flatMap((source) => findViolations(of, source)),
  );
  expect(violations).toEqual([]);
});

test('no files of a package or app import one another in a circle', () => {
  const circles = readUnits(root).flatMap(({ unit: of, sources }) =>
    findCircles(sources).map((paths) => [of.name, ...paths]),
  );
  expect(circles).toEqual([]);
});

test('a circle is found however long it is, and whether its imports are of values or types', () => {
  const sources = [
    { path: 'src/a.ts', text: "import { b } from './b/b.ts'; export const a = b;" },
    { path: 'src/b/b.ts', text: "export type { C } from './c.ts'; export const b = 1;" },
    { path: 'src/b/c.ts', text: "import type { a } from '../a.ts'; export type C = typeof a;" },
    { path: 'src/d.ts', text: "import { a } from './a.ts'; export const d = a;" },
  ];
  expect(findCircles(sources)).toEqual([['src/a.ts', 'src/b/b.ts', 'src/b/c.ts']]);
  expect(findCircles(sources.slice(0, 2))).toEqual([]);
});

test.each([
  [
    'core importing another package of ours',
    unit('core', ['@callbay/contracts']),
    "import '@callbay/contracts'",
  ],
  ['core importing node:fs', unit('core'), "import { readFile } from 'node:fs/promises'"],
  ['core asking the time', unit('core'), 'export const now = () => Date.now();'],
  ['core asking the time by brackets', unit('core'), "export const now = () => Date['now']();"],
  ['core making a date of now', unit('core'), 'export const now = () => new Date();'],
  ['core rolling dice', unit('core'), 'export const dice = Math.random;'],
  ['core knowing its process', unit('core'), 'export const pid = process.pid;'],
  [
    'an adapter importing another',
    unit('postgres', ['@callbay/queue']),
    "import { x } from '@callbay/queue'",
  ],
  [
    'a type taken from another adapter',
    unit('http', ['@callbay/postgres']),
    "import type { X } from '@callbay/postgres'",
  ],
  [
    'an import type in place',
    unit('http', ['@callbay/postgres']),
    "export type X = import('@callbay/postgres').X",
  ],
  ['a package importing an app', unit('http', ['@callbay/api']), "export * from '@callbay/api'"],
  ['an app importing an app', unit('apps/callbay', ['@callbay/api']), "await import('@callbay/api')"],
  ['an app importing the testkit', unit('apps/api', ['@callbay/testkit']), "import '@callbay/testkit'"],
  ['an undeclared import', unit('http', []), "import { z } from 'zod'"],
  ['a tool used by product code', unit('http', []), "import { test } from 'vitest'"],
  ['a side door', unit('ingestion', ['@callbay/core']), "import '@callbay/core/src/policy.ts'"],
  ['a path out of the package', unit('http'), "import '../../../core/src/index.ts'"],
  ['Prisma outside postgres', unit('http', ['@prisma/client']), "import '@prisma/client'"],
  ['bullmq outside queue', unit('apps/api', ['bullmq']), "import 'bullmq'"],
  ['the environment outside runtime', unit('embedded'), "export const home = process.env['HOME'];"],
])('it catches %s', (_what, of, text) => {
  expect(judge(of, text)).toHaveLength(1);
});

test.each([
  [
    'core using a given date',
    unit('core'),
    'export const f = (at: number, o: { process: string }) => [new Date(at), o.process];',
  ],
  [
    'a word in a comment or a string',
    unit('core'),
    "// Date.now() and process.env\nexport const s = 'new Date() process.env';",
  ],
  ['runtime reading the environment', unit('runtime'), 'export const env = () => process.env;'],
  [
    'an adapter importing the ports',
    unit('queue', ['@callbay/ingestion', 'bullmq']),
    "import '@callbay/ingestion'; import 'bullmq';",
  ],
  [
    'an app importing adapters',
    unit('apps/api', ['@callbay/http', '@callbay/postgres']),
    "import '@callbay/http'; import '@callbay/postgres';",
  ],
])('it lets pass %s', (_what, of, text) => {
  expect(judge(of, text)).toEqual([]);
});

test('a test may use the workspace’s tools and any declared package of ours', () => {
  const of: Unit = { name: 'http', dependencies: [], devDependencies: ['vitest', '@callbay/testkit'] };
  expect(
    judge(of, "import 'vitest'; import '@callbay/testkit'; process.env['X'];", 'test/a.test.ts'),
  ).toEqual([]);
  expect(judge(of, "import '@callbay/postgres'", 'test/a.test.ts')).toHaveLength(1);
});
