import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const globalSetup = join(import.meta.dirname, 'packages/testkit/src/global-setup.ts');

/**
 * Suites whose files share processes, one file after the other: they close what they open and change nothing of the process,
 * and loading the same modules once is two thirds of their time.
 */
const TOGETHER = [
  'packages/{core,contracts,http,ingestion,media,notify,postgres}/test/**/*.test.ts',
  'tests/whole-path/**/*.test.ts',
];
/** Each file in a process of its own: native addons, signals, environment and parsers that may end a process. */
const APART = ['packages/*/test/**/*.test.ts', 'apps/*/test/**/*.test.ts', 'tests/**/*.test.ts'];
/**
 * Whole products, started and killed as people do it: `npm run test:product`, apart from `npm test`, which they would make twice
 * as long.
 */
const PRODUCT = [
  'tests/{kill,nodes,product}/**/*.test.ts',
  'apps/callbay/test/{cli,doctor,services,supervise}.test.ts',
  'packages/embedded/test/**/*.test.ts',
];

export default defineConfig({
  test: {
    globalSetup: existsSync(globalSetup) ? [globalSetup] : [],
    pool: 'forks',
    // By itself vitest leaves a core to others. Half of a test's time is waiting for real services.
    maxWorkers: Math.max(2, availableParallelism()),
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Real services: a file that hangs on closing one has left a handle open, and that is a failure.
    teardownTimeout: 10_000,
    restoreMocks: true,
    projects: [
      { extends: true, test: { name: 'together', include: TOGETHER, isolate: false } },
      {
        extends: true,
        test: {
          name: 'apart',
          include: APART,
          exclude: ['**/node_modules/**', ...TOGETHER, ...PRODUCT],
        },
      },
      { extends: true, test: { name: 'product', include: PRODUCT, exclude: ['**/node_modules/**'] } },
    ],
  },
});
