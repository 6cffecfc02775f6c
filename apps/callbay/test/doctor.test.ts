import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@callbay/embedded';
import { createProcessMetricsStore, openDatabase } from '@callbay/postgres';
import { type Config, createLogger, createMetrics, loadConfig } from '@callbay/runtime';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { runChecks, runRoleCheck } from '../src/doctor/checks.ts';
import { fixHome } from '../src/doctor/fix-home.ts';
import { prepareDatabase } from '../src/prepare-database.ts';

let home: string;
let server: EmbeddedPostgres;
const key = 'ab'.repeat(32);
const quiet = createLogger({ role: 'test', level: 'silent' });
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'callbay-doctor-'));
  server = await startEmbeddedPostgres({ home: join(home, 'server'), isThrowaway: true });
});
afterAll(async () => {
  await server.stop();
  await rm(home, { recursive: true });
});

const configOf = (env: Record<string, string>): Config =>
  loadConfig({ CALLBAY_HOME: join(home, 'bay'), CALLBAY_SECRET_KEY: key, ...env });

async function statusOf(config: Config, check: string): Promise<string | undefined> {
  const findings = await runChecks(config);
  for (const { status, fix } of findings) expect(fix === null).toBe(status === 'ok');
  return findings.find((finding) => finding.check === check)?.status;
}

async function listen(onConnection: (socket: Socket) => void): Promise<{ server: Server; port: number }> {
  const listener = createServer(onConnection).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  onTestFinished(() => void listener.close());
  return { server: listener, port: (listener.address() as { port: number }).port };
}

test('a database that is not migrated fails that check alone, and passes once it is', async () => {
  const url = await server.createDatabase('doctor');
  const config = configOf({ DATABASE_URL: url });
  expect(await statusOf(config, 'database')).toBe('ok');
  expect(await statusOf(config, 'migrations')).toBe('fail');
  expect(await statusOf(config, 'connections')).toBe('ok');
  expect(await statusOf(config, 'clocks')).toBe('ok');
  await prepareDatabase(url, config, quiet);
  expect(await statusOf(config, 'migrations')).toBe('ok');
});

test('requests that name a proxy while none is trusted are a warning, until one is trusted', async () => {
  const url = await server.createDatabase('doctor');
  const env = { DATABASE_URL: url };
  await prepareDatabase(url, configOf(env), quiet);
  await using db = openDatabase({ connectionString: url, max: 1, applicationName: 'tests' });
  const { registry, httpUntrustedForwarded } = createMetrics({ withProcess: false });
  const share = async () =>
    createProcessMetricsStore(db).write({
      role: 'api',
      process: 'host:1',
      metrics: await registry.getMetricsAsJSON(),
    });
  await share();
  expect(await statusOf(configOf(env), 'proxy')).toBe('ok');
  httpUntrustedForwarded.inc();
  await share();
  expect(await statusOf(configOf(env), 'proxy')).toBe('warn');
  expect(await statusOf(configOf({ ...env, CALLBAY_TRUST_PROXY: '10.0.0.1' }), 'proxy')).toBe('ok');
});

test('more connections than the server has fail', async () => {
  const url = await server.createDatabase('doctor');
  expect(await statusOf(configOf({ DATABASE_URL: url, CALLBAY_INTAKE_PROCESSES: '64' }), 'connections')).toBe(
    'fail',
  );
});

test('a database or a Redis that does not answer fails; an embedded one that is not running is a warning', async () => {
  const away = configOf({ DATABASE_URL: 'postgres://u:p@127.0.0.1:9/x', REDIS_URL: 'redis://127.0.0.1:9' });
  expect(await statusOf(away, 'database')).toBe('fail');
  expect(await statusOf(away, 'redis')).toBe('fail');
  expect(await statusOf(configOf({}), 'database')).toBe('warn');
});

test.each([
  ['noeviction', 'ok'],
  ['allkeys-lru', 'fail'],
])('a Redis whose policy is %s is judged %s', async (policy, status) => {
  const info = `# Memory\r\nmaxmemory_policy:${policy}\r\n`;
  // As much of the protocol as the check speaks: every command gets the answer to INFO.
  const { port } = await listen((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      const commands = bytes.toString().match(/^\*\d+\r$/gm) ?? [];
      for (const _ of commands) socket.write(`$${info.length}\r\n${info}\r\n`);
    });
  });
  expect(await statusOf(configOf({ REDIS_URL: `redis://127.0.0.1:${port}` }), 'redis')).toBe(status);
});

test('a port that was asked for and is taken fails', async () => {
  const { port } = await listen(() => undefined);
  expect(await statusOf(configOf({ CALLBAY_HTTP_PORT: String(port) }), 'ports')).toBe('fail');
});

test('ports on which a role of ours listens without a supervisor are not taken', async () => {
  const sftp = await listen((socket) => socket.write('SSH-2.0-Callbay\r\n'));
  const api = await listen((socket) => {
    socket.on('data', () =>
      socket.end('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{"status":"ok"}'),
    );
  });
  const env = { CALLBAY_SFTP_PORT: String(sftp.port), CALLBAY_HTTP_PORT: String(api.port) };
  const findings = (await runChecks(configOf(env))).filter(({ check }) => check === 'ports');
  expect(findings.map(({ status }) => status)).toEqual(['ok', 'ok']);
});

test('the operator key of the home is checked against the database', async () => {
  const url = await server.createDatabase('doctor_keys');
  const config = configOf({ DATABASE_URL: url, CALLBAY_HOME: join(home, 'keys') });
  await prepareDatabase(url, config, quiet);
  expect(await statusOf(config, 'operator key')).toBe('ok');
  await writeFile(config.operatorKeyFile, `cb_${'0'.repeat(32)}_${'A'.repeat(43)}`);
  expect(await statusOf(config, 'operator key')).toBe('warn');
  await using db = openDatabase({ connectionString: url, max: 1, applicationName: 'tests' });
  await db.execute('UPDATE api_keys SET revoked_at = callbay_now()');
  expect(await statusOf(config, 'operator key')).toBe('fail');
  // The way back, with the database alone.
  const main = join(import.meta.dirname, '../src/main.ts');
  const child = spawn(process.execPath, [main, 'operator-key'], {
    env: { ...process.env, CALLBAY_HOME: config.home, DATABASE_URL: url, CALLBAY_SECRET_KEY: key },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  expect(await once(child, 'exit')).toEqual([0, null]);
  expect(await statusOf(config, 'operator key')).toBe('ok');
});

test('a role that reported lately works on this host; one that fell silent does not', async () => {
  const url = await server.createDatabase('doctor_roles');
  const config = configOf({ DATABASE_URL: url, CALLBAY_HOME: join(home, 'roles') });
  await prepareDatabase(url, config, quiet);
  const status = async (): Promise<string | undefined> => (await runRoleCheck(config, 'pipeline'))[0]?.status;
  expect(await status()).toBe('fail');
  await using db = openDatabase({ connectionString: url, max: 1, applicationName: 'tests' });
  await createProcessMetricsStore(db).write({ role: 'pipeline', process: `${hostname()}:7`, metrics: [] });
  expect(await status()).toBe('ok');
  await db.execute(`UPDATE process_metrics SET written_at = written_at - interval '46 seconds'`);
  expect(await status()).toBe('fail');
});

test('a key that others can read fails', async () => {
  const config = loadConfig({ CALLBAY_HOME: home, CALLBAY_SECRET_KEY: key });
  await writeFile(config.operatorKeyFile, 'key', { mode: 0o600 });
  expect(await statusOf(config, 'secret files')).toBe('ok');
  await chmod(config.operatorKeyFile, 0o644);
  expect(await statusOf(config, 'secret files')).toBe('fail');
});

test('an embedded Postgres whose password was lost fails, and passes once it is mended', async () => {
  const config = loadConfig({ CALLBAY_HOME: join(home, 'lost') });
  const first = await startEmbeddedPostgres({ home: config.home, settings: { fsync: 'off' } });
  await first.stop();
  expect(await statusOf(config, 'embedded postgres')).toBe('ok');
  await truncate(join(config.home, 'postgres/password'));
  expect(await statusOf(config, 'embedded postgres')).toBe('fail');
  expect(await fixHome(config)).toHaveLength(1);
  expect(await statusOf(config, 'embedded postgres')).toBe('ok');
  const last = await startEmbeddedPostgres({ home: config.home, isThrowaway: true });
  await last.stop();
});

test('a home that others may look into is a warning, and is closed by mending', async () => {
  const config = configOf({ CALLBAY_HOME: join(home, 'open'), DATABASE_URL: server.connectionString });
  await mkdir(config.home);
  await chmod(config.home, 0o755);
  expect(await statusOf(config, 'home')).toBe('warn');
  await fixHome(config);
  expect(await statusOf(config, 'home')).toBe('ok');
  expect((await stat(config.home)).mode & 0o066).toBe(0);
});

test('a home that is not the one of its database fails, saying what to do', async () => {
  const url = await server.createDatabase('doctor_homes');
  const own = loadConfig({ CALLBAY_HOME: join(home, 'own'), CALLBAY_SECRET_KEY: key, DATABASE_URL: url });
  expect(await statusOf(own, 'installation')).toBe('ok');
  await prepareDatabase(url, own, quiet);
  expect(await statusOf(own, 'installation')).toBe('ok');
  const other = loadConfig({ CALLBAY_HOME: join(home, 'other'), CALLBAY_SECRET_KEY: key, DATABASE_URL: url });
  expect(await statusOf(other, 'installation')).toBe('fail');
  await rm(own.blobsFolder, { recursive: true });
  expect(await statusOf(own, 'installation')).toBe('fail');
});

test.each([
  [256, 'warn'],
  [4_096, 'ok'],
])('a limit of %d open files is judged %s', async (limit, status) => {
  const main = join(import.meta.dirname, '../src/main.ts');
  const child = spawn(
    '/bin/sh',
    ['-c', `ulimit -n ${limit}; exec "$@"`, 'sh', process.execPath, main, 'doctor', '--json'],
    {
      env: { ...process.env, CALLBAY_HOME: join(home, 'bay'), DATABASE_URL: '' },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const findings = JSON.parse(await text(child.stdout)) as { check: string; status: string }[];
  expect(findings.find(({ check }) => check === 'descriptors')?.status).toBe(status);
});

test('a login of the roles is made by the owner of the database, and a superuser as that login is a warning', async () => {
  const owner = await server.createDatabase('doctor_login');
  expect(await statusOf(configOf({ DATABASE_URL: owner }), 'database login')).toBe('warn');
  const roles = new URL(owner);
  roles.username = 'roles';
  roles.password = 'p@ss word';
  const config = loadConfig({
    CALLBAY_HOME: join(home, 'login'),
    CALLBAY_SECRET_KEY: key,
    DATABASE_URL: roles.href,
    CALLBAY_DATABASE_OWNER_URL: owner,
  });
  expect(await statusOf(config, 'database')).toBe('fail');
  for (const _ of ['once', 'twice']) await prepareDatabase(owner, config, quiet);
  expect(await statusOf(config, 'database login')).toBe('ok');
  expect(await statusOf(config, 'migrations')).toBe('ok');
  await using db = openDatabase({ connectionString: roles.href, max: 1, applicationName: 'tests' });
  await expect(db.execute('CREATE TABLE mine (n int)')).rejects.toThrow();
  await db.query('SELECT FROM tenants');
});
