import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const globalSetup = join(import.meta.dirname, 'packages/testkit/src/global-setup.ts');

export default defineConfig({
  test: {
    include: ['packages/*/test/**/*.test.ts', 'apps/*/test/**/*.test.ts', 'tests/**/*.test.ts'],
    globalSetup: existsSync(globalSetup) ? [globalSetup] : [],
    // Each file in a process of its own: native addons, signals and environment never leak between files.
    pool: 'forks',
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Real services: a file that hangs on closing one has left a handle open, and that is a failure.
    teardownTimeout: 10_000,
    restoreMocks: true,
  },
});
