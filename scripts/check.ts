// What continuous integration runs before the tests: formatting and lint, types, and the import graph, each in
// turn, all of them even when one fails.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

interface Step {
  readonly name: string;
  /** A script of ours on the pinned Node; its arguments follow. */
  readonly args: readonly string[];
}

const STEPS: readonly Step[] = [
  {
    name: 'format and lint',
    args: ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.'],
  },
  { name: 'types', args: ['node_modules/turbo/bin/turbo', 'run', '//#types', '--output-logs=full'] },
  {
    name: 'import graph',
    args: ['node_modules/vitest/vitest.mjs', 'run', 'tests/house/import-graph.test.ts'],
  },
];

const failed = STEPS.filter(({ name, args }) => {
  process.stdout.write(`\n— ${name}\n`);
  const result = spawnSync(process.execPath, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' },
  });
  return result.status !== 0;
});

process.stdout.write(
  failed.length === 0
    ? '\ncheck: all well\n'
    : `\ncheck: failed: ${failed.map(({ name }) => name).join(', ')}\n`,
);
process.exitCode = failed.length === 0 ? 0 : 1;
