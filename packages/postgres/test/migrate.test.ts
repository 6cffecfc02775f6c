import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestDatabase, type TestDatabase } from '@callbay/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { applyMigrations } from '../src/index.ts';

const root = join(import.meta.dirname, '../../..');
const migrations = join(root, 'prisma/migrations');

let database: TestDatabase;
let folder: string;
beforeEach(async () => {
  database = await createTestDatabase({ isEmpty: true });
  folder = await mkdtemp(join(tmpdir(), 'callbay-migrations-'));
  await cp(migrations, folder, { recursive: true });
});
afterEach(async () => {
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

async function addMigration(name: string, sql: string): Promise<void> {
  await mkdir(join(folder, name));
  await writeFile(join(folder, name, 'migration.sql'), sql);
}

async function runCommand(args: readonly string[]): Promise<{ code: number; output: string }> {
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: {
      ...process.env,
      DATABASE_URL: database.connectionString,
      PRISMA_SCHEMA_ENGINE_BINARY: join(root, 'scripts/prisma-schema-engine.mjs'),
      CHECKPOINT_DISABLE: '1',
      PRISMA_HIDE_UPDATE_MESSAGE: '1',
    },
  });
  let output = '';
  const collect = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const [code] = (await once(child, 'close')) as [number];
  return { code, output };
}

const prisma = (...args: string[]): Promise<{ code: number; output: string }> =>
  runCommand(['node_modules/prisma/build/index.js', ...args, '--config', 'prisma/prisma.config.ts']);

test('five processes at once apply each migration exactly once', async () => {
  const script = `import { applyMigrations } from '@callbay/postgres';
    console.log(JSON.stringify(await applyMigrations(process.env.DATABASE_URL)));`;
  const args = ['--input-type=module', '-e', script];
  const runs = await Promise.all(Array.from({ length: 5 }, () => runCommand(args)));
  expect(runs.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0]);
  const applied = runs.flatMap(({ output }) => (JSON.parse(output) as { applied: string[] }).applied);
  expect(new Set(applied).size).toBe(applied.length);
  const rows = await database.db.query('SELECT migration_name FROM _prisma_migrations');
  expect(rows).toHaveLength(applied.length);
  expect(await applyMigrations(database.connectionString)).toEqual({ applied: [] });
});

test("Prisma's own tools find the history complete and no drift from the schema", async () => {
  await applyMigrations(database.connectionString);
  expect(await prisma('migrate', 'status')).toMatchObject({
    code: 0,
    output: expect.stringMatching(/up to date/),
  });
  const diff = ['--from-config-datasource', '--to-schema', 'prisma/schema.prisma', '--exit-code'];
  expect(await prisma('migrate', 'diff', ...diff)).toMatchObject({
    code: 0,
    output: expect.stringMatching(/No difference/),
  });
  expect(await prisma('migrate', 'deploy')).toMatchObject({
    code: 0,
    output: expect.stringMatching(/No pending migrations/),
  });
});

test('what Prisma itself deployed needs nothing more from us', async () => {
  expect(await prisma('migrate', 'deploy')).toMatchObject({ code: 0 });
  expect(await applyMigrations(database.connectionString)).toEqual({ applied: [] });
});

test('a migration on record that this version does not know is refused', async () => {
  await addMigration('20990101000000_newer', 'CREATE TABLE newer ()');
  await applyMigrations(database.connectionString, folder);
  await expect(applyMigrations(database.connectionString)).rejects.toMatchObject({ code: 'CONFLICT' });
});

test('a migration changed after it was applied is refused', async () => {
  await addMigration('20990101000000_changed', 'CREATE TABLE changed ()');
  await applyMigrations(database.connectionString, folder);
  await writeFile(join(folder, '20990101000000_changed', 'migration.sql'), 'CREATE TABLE changed (more int)');
  await expect(applyMigrations(database.connectionString, folder)).rejects.toMatchObject({
    code: 'CONFLICT',
  });
});

test('a failed migration on record is refused until it is marked as rolled back', async () => {
  await applyMigrations(database.connectionString);
  await database.db.execute('UPDATE _prisma_migrations SET finished_at = NULL');
  await expect(applyMigrations(database.connectionString)).rejects.toMatchObject({ code: 'CONFLICT' });
});

test('a migration that fails leaves nothing behind and applies once it is mended', async () => {
  await addMigration('20990101000000_broken', 'CREATE TABLE half_done (); SELECT no_such_column');
  await expect(applyMigrations(database.connectionString, folder)).rejects.toThrow(/no_such_column/);
  const find = `SELECT FROM pg_class WHERE relname = 'half_done'`;
  expect(await database.db.query(find)).toHaveLength(0);
  await writeFile(join(folder, '20990101000000_broken', 'migration.sql'), 'CREATE TABLE half_done ()');
  expect(await applyMigrations(database.connectionString, folder)).toEqual({
    applied: ['20990101000000_broken'],
  });
});

test('a server that is away is a retryable UNAVAILABLE', async () => {
  await expect(applyMigrations('postgresql://nobody@127.0.0.1:1/none')).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    retryable: true,
  });
});
