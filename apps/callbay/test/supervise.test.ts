import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFreePort, startEmbeddedPostgres } from '@callbay/embedded';
import { createLogger, loadConfig, onShutdown, readEnv } from '@callbay/runtime';
import pg from 'pg';
import { afterEach, expect, test, vi } from 'vitest';
import { findServing, HomeInUseError } from '../src/supervisor/home.ts';
import { choosePorts, PortTakenError } from '../src/supervisor/ports.ts';
import { planRoles, type SuperviseDeps, supervise } from '../src/supervisor/supervise.ts';

const fixture = (name: string): string => join(import.meta.dirname, 'fixtures', name);
const logger = createLogger({ role: 'test', level: 'silent' });
const cleanups: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function makeHome(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'callbay-up-'));
  cleanups.push(async () => {
    const last = await startEmbeddedPostgres({ home, isThrowaway: true });
    await last.stop();
    await rm(home, { recursive: true, force: true });
  });
  return home;
}

class Events extends EventEmitter {
  readonly exited = Promise.withResolvers<number>();
  exit(code: number): void {
    this.exited.resolve(code);
  }
}

async function make(home: string, env: Record<string, string> = {}, more: Partial<SuperviseDeps> = {}) {
  const [http, sftp] = [await findFreePort(0), await findFreePort(0)];
  const config = loadConfig({
    CALLBAY_HOME: home,
    CALLBAY_HTTP_PORT: `${http}`,
    CALLBAY_SFTP_PORT: `${sftp}`,
    ...env,
  });
  const events = new Events();
  const shutdown = onShutdown({ logger, host: events });
  const deps: SuperviseDeps = {
    config,
    logger,
    shutdown,
    roles: [{ name: 'api', script: fixture('role.ts') }],
    prepareDatabase: async () => null,
    onRoleReady: (name, pid) => events.emit('roleReady', name, pid),
    onPostgresRestarted: () => events.emit('postgresRestarted'),
    ...more,
  };
  const end = async (): Promise<number> => {
    shutdown.begin('test');
    return events.exited.promise;
  };
  cleanups.push(end);
  return { config, events, end, start: () => supervise(deps) };
}

const ask = async (url: string) =>
  (await (await fetch(url)).json()) as { pid: number; databaseUrl: string; secretKey: string };

async function canQuery(connectionString: string): Promise<void> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  await client.query('SELECT 1');
  await client.end();
}

test('it serves with every choice made, and ends with the database last', async () => {
  const home = await makeHome();
  const prepared: string[] = [];
  const { config, start, end } = await make(
    home,
    {},
    {
      prepareDatabase: async (url) => {
        prepared.push(url);
        return null;
      },
    },
  );
  const { addresses, connectionString } = await start();
  expect(addresses.http).toBe(`http://127.0.0.1:${config.http.port}`);
  expect(prepared).toEqual([connectionString]);
  const seen = await ask(addresses.http!);
  expect(seen.databaseUrl).toBe(connectionString);
  const keyFile = await readFile(config.secretKeyFile, 'utf8');
  expect(seen.secretKey).toBe(Buffer.from(keyFile.trim(), 'base64').toString('hex'));
  expect(await findServing(home)).toEqual({ pid: process.pid, addresses });
  expect(await end()).toBe(0);
  expect(await readFile(join(home, 'last-answer'), 'utf8')).toBe('the database was still there');
  await expect(canQuery(connectionString)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  expect(await findServing(home)).toBeNull();
});

test('it starts again on the same home after an orderly end', async () => {
  const home = await makeHome();
  const first = await make(home);
  await first.start();
  expect(await first.end()).toBe(0);
  const second = await make(home);
  await ask((await second.start()).addresses.http!);
  expect(await second.end()).toBe(0);
});

test('a second one on the same home is refused, naming the process, and the first serves on', async () => {
  const home = await makeHome();
  const first = await make(home);
  const { addresses } = await first.start();
  const second = await make(home);
  const refusal = await second.start().catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(HomeInUseError);
  expect((refusal as Error).message).toContain(String(process.pid));
  await ask(addresses.http!);
});

test('a port that was asked for and is taken is an error; a default that is taken gives way', async () => {
  const home = await makeHome();
  const stranger = createServer().listen(0, '127.0.0.1');
  await once(stranger, 'listening');
  cleanups.push(() => stranger.close());
  const { port } = stranger.address() as { port: number };
  const chosen = await make(home, { CALLBAY_HTTP_PORT: String(port) });
  await expect(chosen.start()).rejects.toBeInstanceOf(PortTakenError);
  await chosen.end();

  const byDefault = await make(home);
  const config = { ...byDefault.config, http: { ...byDefault.config.http, port, isPortChosen: false } };
  const other = await make(home, {}, { config });
  const { addresses } = await other.start();
  expect(new URL(addresses.http!).port).not.toBe(String(port));
  await ask(addresses.http!);
});

test('a port that is taken between choosing and listening gives way to another', async () => {
  const stranger = createServer().listen(0, '127.0.0.1');
  await once(stranger, 'listening');
  cleanups.push(() => stranger.close());
  const { port } = stranger.address() as { port: number };
  let choices = 0;
  const { start } = await make(
    await makeHome(),
    {},
    {
      choosePorts: async (config) => {
        choices += 1;
        const chosen = await choosePorts(config);
        return choices === 1 ? { ...chosen, http: port } : chosen;
      },
    },
  );
  const { addresses } = await start();
  expect(choices).toBe(2);
  await ask(addresses.http!);
});

test('a role that dies is started again', async () => {
  const { events, start } = await make(await makeHome());
  const { addresses } = await start();
  const { pid } = await ask(addresses.http!);
  const again = once(events, 'roleReady');
  process.kill(pid, 'SIGKILL');
  await again;
  expect((await ask(addresses.http!)).pid).not.toBe(pid);
});

test('a role that never serves makes the start fail, and the rest is taken down again', async () => {
  const home = await makeHome();
  const roles = [{ name: 'pipeline', script: fixture('broken-role.ts') }];
  const { start, end } = await make(home, {}, { roles });
  await expect(start()).rejects.toThrow('pipeline');
  await end();
  expect(await findServing(home)).toBeNull();
});

test('a Postgres that was killed is started again at the same address', async () => {
  const { events, start } = await make(await makeHome());
  const supervised = await start();
  const { connectionString, postgresPid } = supervised;
  const again = once(events, 'postgresRestarted');
  process.kill(postgresPid ?? 0, 'SIGKILL');
  await again;
  expect(supervised.postgresPid).not.toBe(postgresPid);
  expect(supervised.connectionString).toBe(connectionString);
  await canQuery(connectionString);
});

test('an end that begins right after Postgres was killed leaves no server behind', async () => {
  const { events, start, end } = await make(await makeHome(), {}, { roles: [] });
  const supervised = await start();
  process.kill(supervised.postgresPid ?? 0, 'SIGKILL');
  expect(await end()).toBe(0);
  await expect(canQuery(supervised.connectionString)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  events.removeAllListeners();
});

test('when the supervisor is killed outright, its children and its Postgres end by themselves', async () => {
  const home = await makeHome();
  const ports = { CALLBAY_HTTP_PORT: String(await findFreePort(0)), CALLBAY_SFTP_PORT: '0' };
  const child = spawn(process.execPath, [fixture('supervisor.ts')], {
    env: { ...readEnv(), CALLBAY_HOME: home, ...ports },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  cleanups.push(() => child.kill('SIGKILL'));
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const { pids, postgresPid } = JSON.parse(line.toString()) as { pids: number[]; postgresPid: number };
  child.kill('SIGKILL');
  const isRunning = async (pid: number): Promise<boolean> =>
    (await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') Z')).split(') ')[1]?.startsWith('Z') ===
    false;
  await vi.waitFor(
    async () => {
      for (const pid of [...pids, postgresPid]) expect(await isRunning(pid)).toBe(false);
    },
    { timeout: 25_000, interval: 50 },
  );
  // The next start gets the home.
  const next = await make(home);
  await next.start();
  expect((await stat(join(home, 'up.json'))).isFile()).toBe(true);
});

test('a node starts the roles that are left to it, and takes the ports of those alone', async () => {
  const names = (env: Record<string, string>) =>
    planRoles(loadConfig({ DATABASE_URL: 'postgres://h/d', CALLBAY_SECRET_KEY: 'A'.repeat(43), ...env })).map(
      ({ name }) => name,
    );
  expect(names({})).toEqual(['pipeline', 'intake', 'api']);
  expect(names({ CALLBAY_ROLES: 'api,intake', CALLBAY_INTAKE_PROCESSES: '2' })).toEqual([
    'intake-1',
    'intake-2',
    'api',
  ]);
  const taken = createServer();
  taken.listen(0, '127.0.0.1');
  await once(taken, 'listening');
  cleanups.push(() => taken.close());
  const { port } = taken.address() as { port: number };
  const config = loadConfig({ CALLBAY_SFTP_PORT: `${port}` });
  expect(await choosePorts({ ...config, roles: ['pipeline'] })).toEqual({ http: null, sftp: null });
  expect(await choosePorts({ ...config, roles: ['api'] })).toMatchObject({ sftp: null });
  await expect(choosePorts(config)).rejects.toThrow(PortTakenError);
});
