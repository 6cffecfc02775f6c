// Runs the stock Prisma CLI on its WASM schema engine: `npm run prisma -- migrate dev --name add-thing`.
// The commands that compare or apply migrations want DATABASE_URL; without one they get a throwaway server.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '@callbay/embedded';

const root = join(import.meta.dirname, '..');

function runCli(args: readonly string[], databaseUrl: string | undefined): Promise<number> {
  const cli = join(root, 'node_modules', 'prisma', 'build', 'index.js');
  const child = spawn(
    process.execPath,
    [cli, ...args, '--config', join(root, 'prisma', 'prisma.config.ts')],
    {
      cwd: root,
      stdio: 'inherit',
      env: {
        ...process.env,
        ...(databaseUrl ? { DATABASE_URL: databaseUrl } : {}),
        PRISMA_SCHEMA_ENGINE_BINARY: join(root, 'scripts', 'prisma-schema-engine.mjs'),
        CHECKPOINT_DISABLE: '1',
        PRISMA_HIDE_UPDATE_MESSAGE: '1',
      },
    },
  );
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

const args = process.argv.slice(2);
const wantsDatabase = ['migrate', 'db'].includes(args[0] ?? '') && !args.includes('--help');
if (wantsDatabase && !process.env.DATABASE_URL) {
  const home = await mkdtemp(join(tmpdir(), 'callbay-prisma-'));
  const server = await startEmbeddedPostgres({ home });
  try {
    process.exitCode = await runCli(args, await server.createDatabase('callbay_prisma'));
  } finally {
    await server.stop();
    await rm(home, { recursive: true, force: true });
  }
} else {
  process.exitCode = await runCli(args, undefined);
}
