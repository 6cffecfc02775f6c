import type { ChildProcess } from 'node:child_process';
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { makeHome } from '@callbay/runtime';
import pg from 'pg';
import { findBinaries } from './binaries.ts';
import {
  type Cluster,
  connectionStringOf,
  dataFolder,
  ensureCluster,
  logFile,
  makePostgresFolder,
  placeCluster,
  postgresFolder,
  readCluster,
  readPassword,
  removeCluster,
  saveCluster,
} from './cluster.ts';
import { connectionStringFor, createDatabase, dropDatabase } from './databases.ts';
import { EmbeddedPostgresError } from './errors.ts';
import { findServerUser } from './identity.ts';
import { launch } from './launch.ts';
import { findFreePort } from './ports.ts';
import { findPostmaster, type Postmaster } from './postmaster.ts';
import { acquireProcessLock, isProcessAlive, type ProcessLock } from './process-lock.ts';
import { markThrowaway, sweepShared } from './throwaway.ts';

export interface EmbeddedPostgresOptions {
  /** CALLBAY_HOME: the server keeps everything in `<home>/postgres`. Made when absent. */
  readonly home: string;
  /** Preferred port, when none is remembered; a taken one gives way to another. */
  readonly port?: number;
  readonly maxConnections?: number;
  /** Further server settings by name; they win over ours. */
  readonly settings?: Readonly<Record<string, string>>;
  /** For tests: no waiting for the disk, and `stop()` removes all data. */
  readonly isThrowaway?: boolean;
}

export interface ServerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface EmbeddedPostgres {
  /** Of the `postgres` database, as superuser. Holds the password: never log it. */
  readonly connectionString: string;
  readonly port: number;
  readonly pid: number;
  readonly dataFolder: string;
  readonly logFile: string;
  /** Resolves when the server ends, for whatever reason. */
  readonly exited: Promise<ServerExit>;
  connectionStringFor(database: string): string;
  /** See `createDatabase`. */
  createDatabase(name: string, template?: string): Promise<string>;
  dropDatabase(name: string): Promise<void>;
  /** Ends sessions, writes everything out and resolves when the server is gone. Calling it twice is fine. */
  stop(): Promise<void>;
}

/** Not Postgres's own 5432, where a server of the host's may want to be. */
const DEFAULT_PORT = 15_432;
const STOP_TIMEOUT_MS = 30_000;

function settingsFor(options: EmbeddedPostgresOptions): Record<string, string> {
  return {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    password_encryption: 'scram-sha-256',
    max_connections: String(options.maxConnections ?? 120),
    shared_buffers: '256MB',
    max_wal_size: '2GB',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_checkpoints: 'off',
    log_min_messages: 'warning',
    ...(options.isThrowaway
      ? { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }
      : { fsync: 'on' }),
    ...options.settings,
  };
}

async function waitUntilGone(pid: number, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (isProcessAlive(pid)) {
    if (performance.now() > deadline) return false;
    await pause(20);
  }
  return true;
}

/** A server that outlived its supervisor: nobody watches it, so it is stopped and started anew. */
export async function stopLeftover(leftover: Postmaster): Promise<void> {
  process.kill(leftover.pid, 'SIGINT');
  if (await waitUntilGone(leftover.pid, STOP_TIMEOUT_MS)) return;
  process.kill(leftover.pid, 'SIGQUIT');
  if (await waitUntilGone(leftover.pid, STOP_TIMEOUT_MS)) return;
  throw new EmbeddedPostgresError(
    'IN_USE',
    `an earlier Postgres (pid ${leftover.pid}) does not stop: end it by hand`,
  );
}

export async function lockHome(home: string): Promise<ProcessLock> {
  await makePostgresFolder(home, findServerUser());
  const lock = await acquireProcessLock(join(postgresFolder(home), 'server.lock'));
  if ('release' in lock) return lock;
  throw new EmbeddedPostgresError(
    'IN_USE',
    `process ${lock.heldBy.pid} already runs the embedded Postgres of ${home}: stop it first`,
  );
}

const isPortTaken = (error: unknown): boolean =>
  error instanceof EmbeddedPostgresError &&
  /could not bind|Address already in use|could not create any TCP/.test(error.message);

/** A killed server's last sessions hold its shared memory for a moment longer. */
const isStillDying = (error: unknown): boolean =>
  error instanceof EmbeddedPostgresError &&
  /still in use|is being used|lock file .* already exists/.test(error.message);

type LaunchBase = Omit<Parameters<typeof launch>[0], 'port'>;

async function launchOnSomePort(
  base: LaunchBase,
  preferred: number,
): Promise<{ child: ChildProcess; watchdog: ChildProcess; port: number }> {
  let port = await findFreePort(preferred);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return { ...(await launch({ ...base, port })), port };
    } catch (error) {
      if (attempt >= 50) throw error;
      if (isPortTaken(error)) port = await findFreePort(0);
      else if (isStillDying(error)) await pause(200);
      else throw error;
    }
  }
}

async function confirmOurs(connectionString: string, data: string): Promise<void> {
  const client = new pg.Client({ connectionString });
  try {
    await client.connect();
  } catch (error) {
    if ((error as { code?: string }).code !== '28P01') throw error;
    throw new EmbeddedPostgresError(
      'NOT_OURS',
      `the password in the home does not open ${data}: put the right one back, or remove it and run \`callbay doctor --fix\``,
      { cause: error },
    );
  }
  try {
    const { rows } = await client.query<{ data_directory: string }>('SHOW data_directory');
    if (rows[0]?.data_directory === data) return;
    throw new EmbeddedPostgresError(
      'NOT_OURS',
      `the server on that port serves ${rows[0]?.data_directory}, not ${data}`,
    );
  } finally {
    await client.end();
  }
}

interface Running {
  readonly home: string;
  readonly cluster: Cluster;
  readonly child: ChildProcess;
  readonly watchdog: ChildProcess;
  readonly lock: ProcessLock;
  readonly connectionString: string;
  readonly isThrowaway: boolean;
}

function makeHandle(running: Running): EmbeddedPostgres {
  const { child, watchdog, connectionString } = running;
  const exited = new Promise<ServerExit>((resolve) => {
    const tell = (): void => resolve({ code: child.exitCode, signal: child.signalCode });
    if (child.exitCode !== null || child.signalCode !== null) tell();
    else child.once('exit', tell);
  });
  let stopping: Promise<void> | null = null;
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGINT');
      const force = setTimeout(() => child.kill('SIGQUIT'), STOP_TIMEOUT_MS);
      await exited;
      clearTimeout(force);
    }
    watchdog.stdin?.end();
    if (running.isThrowaway) await removeCluster(running.home, running.cluster);
    await running.lock.release();
  };
  return {
    connectionString,
    port: running.cluster.port,
    pid: child.pid ?? 0,
    dataFolder: dataFolder(running.cluster),
    logFile: logFile(running.home),
    exited,
    connectionStringFor: (database) => connectionStringFor(connectionString, database),
    createDatabase: (name, template) => createDatabase(connectionString, name, template),
    dropDatabase: (name) => dropDatabase(connectionString, name),
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}

/**
 * Starts this home's Postgres: makes it on the first start, recovers it after a crash, stops a left-over one first, and
 * moves to another port when its own is taken. Throws EmbeddedPostgresError.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  await makeHome(options.home);
  const home = await realpath(options.home);
  const user = findServerUser();
  const lock = await lockHome(home);
  try {
    const [binaries, placed] = [await findBinaries(user), await placeCluster(home, user)];
    if (options.isThrowaway) await markThrowaway(placed.folder);
    if (user) await sweepShared();
    const leftover = await findPostmaster(dataFolder(placed));
    if (leftover) await stopLeftover(leftover);
    const password = await ensureCluster(home, placed, binaries, user);
    const data = dataFolder(placed);
    const { child, watchdog, port } = await launchOnSomePort(
      { binaries, user, data, settings: settingsFor(options), log: logFile(home) },
      placed.port || (options.port ?? (options.isThrowaway ? 0 : DEFAULT_PORT)),
    );
    const cluster = { ...placed, port };
    if (port !== placed.port) await saveCluster(home, cluster);
    const connectionString = connectionStringOf(port, password, 'postgres');
    const handle = makeHandle({
      home,
      cluster,
      child,
      watchdog,
      lock,
      connectionString,
      isThrowaway: options.isThrowaway === true,
    });
    try {
      await confirmOurs(connectionString, data);
    } catch (error) {
      await handle.stop();
      throw error;
    }
    return handle;
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/**
 * The connection string of `database` on this home's server when it runs now, under whoever started it; else null.
 */
export async function findRunningPostgres(home: string, database: string): Promise<string | null> {
  const cluster = await readCluster(home);
  const password = await readPassword(home);
  if (!cluster || password === null) return null;
  const postmaster = await findPostmaster(dataFolder(cluster));
  return postmaster?.isReady ? connectionStringOf(postmaster.port, password, database) : null;
}
