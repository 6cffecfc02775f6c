import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, expect, test, vi } from 'vitest';
import { EmbeddedPostgresError, findRunningPostgres, startEmbeddedPostgres } from '../src/index.ts';
import { isProcessAlive } from '../src/process-lock.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function makeHome(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'callbay-embedded-'));
  cleanups.push(async () => {
    // A throwaway start and stop takes the data away, wherever they had to be put.
    const last = await startEmbeddedPostgres({ home, isThrowaway: true }).catch(() => null);
    await last?.stop();
    await rm(home, { recursive: true, force: true });
  });
  return home;
}

async function start(home: string, more: Partial<Parameters<typeof startEmbeddedPostgres>[0]> = {}) {
  const server = await startEmbeddedPostgres({ home, settings: { fsync: 'off' }, ...more });
  cleanups.push(() => server.stop());
  return server;
}

async function query<T extends pg.QueryResultRow>(connectionString: string, sql: string): Promise<T[]> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return (await client.query<T>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function occupy(port: number): Promise<Server> {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => new Promise((resolve) => server.close(resolve)));
  return server;
}

const gone = (pid: number) =>
  vi.waitFor(() => expect(isProcessAlive(pid)).toBe(false), { timeout: 20_000, interval: 20 });

test('rows written before a stop are there after the next start, on the same port', async () => {
  const home = await makeHome();
  const first = await start(home);
  const app = await first.createDatabase('app');
  await query(app, "CREATE TABLE calls AS SELECT 'Élan' AS name");
  await first.stop();
  const second = await start(home);
  expect(second.port).toBe(first.port);
  const rows = await query<{ name: string }>(
    second.connectionStringFor('app'),
    'SELECT lower(name) AS name FROM calls',
  );
  expect(rows).toEqual([{ name: 'élan' }]);
});

test('nobody connects without the password, which is kept where only its owner reads it', async () => {
  const home = await makeHome();
  const server = await start(home);
  const url = new URL(server.connectionString);
  const password = url.password;
  url.password = 'wrong';
  await expect(query(url.href, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
  const file = join(home, 'postgres', 'password');
  expect(await readFile(file, 'utf8')).toBe(password);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await stat(server.dataFolder)).mode & 0o777).toBe(0o700);
  const [row] = await query<{ password_encryption: string }>(
    server.connectionString,
    'SHOW password_encryption',
  );
  expect(row?.password_encryption).toBe('scram-sha-256');
});

test('it listens on the loopback only and waits for the disk unless it is throwaway', async () => {
  const server = await start(await makeHome(), { settings: {} });
  const rows = await query<{ name: string; setting: string }>(
    server.connectionString,
    "SELECT name, setting FROM pg_settings WHERE name IN ('listen_addresses', 'unix_socket_directories', 'fsync') ORDER BY name",
  );
  expect(rows.map(({ setting }) => setting)).toEqual(['on', '127.0.0.1', '']);
});

test('a taken port gives way to another, which is remembered', async () => {
  const home = await makeHome();
  const first = await start(home);
  await first.stop();
  await occupy(first.port);
  const second = await start(home);
  expect(second.port).not.toBe(first.port);
  expect(await query(second.connectionString, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  await second.stop();
  expect((await start(home)).port).toBe(second.port);
});

test('a second start of the same home is refused while the first lives, and the first is found', async () => {
  const home = await makeHome();
  const server = await start(home);
  await expect(startEmbeddedPostgres({ home })).rejects.toMatchObject({ code: 'IN_USE' });
  expect(await findRunningPostgres(home, 'postgres')).toBe(server.connectionString);
  await server.stop();
  expect(await findRunningPostgres(home, 'postgres')).toBeNull();
});

test('a data folder of another major version is refused, naming the way out', async () => {
  const home = await makeHome();
  const server = await start(home);
  await server.stop();
  const file = join(server.dataFolder, 'PG_VERSION');
  const version = await readFile(file, 'utf8');
  await writeFile(file, '15\n');
  const refusal = await startEmbeddedPostgres({ home }).catch((error: unknown) => error);
  await writeFile(file, version);
  expect(refusal).toBeInstanceOf(EmbeddedPostgresError);
  expect((refusal as EmbeddedPostgresError).code).toBe('WRONG_MAJOR');
  expect((refusal as EmbeddedPostgresError).message).toContain('callbay backup');
});

test('a server killed outright, its pid file left behind, is recovered on the next start', async () => {
  const home = await makeHome();
  const first = await start(home, { settings: {} });
  await query(await first.createDatabase('app'), 'CREATE TABLE kept AS SELECT 1 AS one');
  process.kill(first.pid, 'SIGKILL');
  expect((await first.exited).signal).toBe('SIGKILL');
  await first.stop();
  const second = await start(home);
  expect(await query(second.connectionStringFor('app'), 'SELECT one FROM kept')).toEqual([{ one: 1 }]);
});

const supervisor = `
  import { startEmbeddedPostgres } from ${JSON.stringify(join(import.meta.dirname, '../src/index.ts'))};
  const server = await startEmbeddedPostgres({ home: process.argv[1], settings: { fsync: 'off' } });
  console.log(JSON.stringify({ pid: server.pid, port: server.port }));
`;

async function startElsewhere(home: string) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', supervisor, home], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  cleanups.push(async () => child.kill('SIGKILL'));
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, ...(JSON.parse(line.toString()) as { pid: number; port: number }) };
}

test('a server whose supervisor was killed stops by itself', async () => {
  const home = await makeHome();
  const { child, pid } = await startElsewhere(home);
  expect(isProcessAlive(pid)).toBe(true);
  child.kill('SIGKILL');
  await gone(pid);
});

test('a start right after the supervisor was killed gets the home, on the same port', async () => {
  const home = await makeHome();
  const { child, pid, port } = await startElsewhere(home);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const server = await start(home);
  expect(server.pid).not.toBe(pid);
  expect(server.port).toBe(port);
  await gone(pid);
});

test('a database is cloned from a template, twice at once, and dropped under its users', async () => {
  const server = await start(await makeHome());
  await query(await server.createDatabase('template_a'), 'CREATE TABLE t AS SELECT 7 AS n');
  const [one, two] = await Promise.all([
    server.createDatabase('one', 'template_a'),
    server.createDatabase('two', 'template_a'),
  ]);
  await query(one, 'UPDATE t SET n = 8');
  expect(await query(two, 'SELECT n FROM t')).toEqual([{ n: 7 }]);
  const user = new pg.Client({ connectionString: two });
  user.on('error', () => undefined);
  await user.connect();
  await server.dropDatabase('two');
  await expect(query(two, 'SELECT 1')).rejects.toMatchObject({ code: '3D000' });
});

test('a throwaway server takes its data with it', async () => {
  const home = await mkdtemp(join(tmpdir(), 'callbay-throwaway-'));
  const server = await startEmbeddedPostgres({ home, isThrowaway: true });
  await server.stop();
  await expect(stat(server.dataFolder)).rejects.toMatchObject({ code: 'ENOENT' });
  await rm(home, { recursive: true });
});

test('data that root had to put elsewhere go at the next start once their temporary home was removed', async () => {
  const home = await mkdtemp(join(tmpdir(), 'callbay-removed-'));
  const first = await startEmbeddedPostgres({ home, settings: { fsync: 'off' } });
  await first.stop();
  await rm(home, { recursive: true });
  await start(await makeHome());
  await expect(stat(first.dataFolder)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a home whose path holds spaces and quotes works', async () => {
  const base = await mkdtemp(join(tmpdir(), 'callbay-odd-'));
  const home = join(base, 'it\'s a "home" ü');
  await mkdir(home);
  const server = await startEmbeddedPostgres({ home, isThrowaway: true });
  expect(await query(server.connectionString, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  await server.stop();
  await rm(base, { recursive: true });
});
