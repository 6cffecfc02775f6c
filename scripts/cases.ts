// Lists every hard case of docs/cases.md with the tests that hold it, and fails where one has none. Those that are
// about what a customer's client sees must also be held by a test in tests/whole-path, which sends files over SFTP.
import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { createVitest } from 'vitest/node';
import { casesOfTitle, readCases } from './case-titles.ts';

const root = join(import.meta.dirname, '..');
const seenByClients = (n: number): boolean =>
  (n >= 13 && n <= 27) || (n >= 33 && n <= 46) || (n >= 48 && n <= 56);

const vitest = await createVitest('test', { run: true, watch: false, reporters: [] });
const { testModules } = await vitest.collect();
const holders = new Map<number, { file: string; title: string }[]>();
for (const module of testModules) {
  const file = relative(root, module.moduleId);
  for (const test of module.children.allTests()) {
    // A suite may claim a case for all its tests.
    for (const title of [test.name, ...test.fullName.split(' > ').slice(0, -1)]) {
      for (const n of casesOfTitle(title)) {
        holders.set(n, [...(holders.get(n) ?? []), { file, title: test.name }]);
      }
    }
  }
}
await vitest.close();

const cases = readCases(await readFile(join(root, 'docs', 'cases.md'), 'utf8'));
const missing: string[] = [];
for (const [n, sentence] of cases) {
  const tests = holders.get(n) ?? [];
  process.stdout.write(
    `${n}. ${sentence}\n${tests.map(({ file, title }) => `     ${file} > ${title}\n`).join('')}`,
  );
  if (tests.length === 0) missing.push(`case ${n} has no test`);
  else if (seenByClients(n) && !tests.some(({ file }) => file.startsWith('tests/whole-path/'))) {
    missing.push(`case ${n} has no test through a real SFTP client`);
  }
}
for (const line of missing) process.stderr.write(`${line}\n`);
process.stdout.write(`${cases.size} cases, ${missing.length} without their test\n`);
process.exit(missing.length === 0 ? 0 : 1);
