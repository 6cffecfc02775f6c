import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { realpath } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { type Binaries, findBinaries } from './binaries.ts';
import {
  assertOwned,
  type Cluster,
  dataFolder,
  makePassword,
  postgresFolder,
  readCluster,
  readMajor,
  readPassword,
  SUPERUSER,
  SYSTEM_PATH,
  saveCluster,
  savePassword,
} from './cluster.ts';
import { EmbeddedPostgresError } from './errors.ts';
import { findServerUser, type ServerUser } from './identity.ts';
import { findPostmaster } from './postmaster.ts';
import { lockHome, stopLeftover } from './server.ts';
import { findMarkedFolder } from './throwaway.ts';

/** How a home's embedded cluster looks from outside. */
export type ClusterState =
  | 'absent'
  | 'whole'
  /** The file that says where the data are was lost. */
  | 'place lost'
  | 'password lost';

async function findLost(home: string): Promise<Cluster | null> {
  for (const folder of [postgresFolder(home), await findMarkedFolder(home)]) {
    if (folder !== null && (await readMajor(dataFolder({ folder, port: 0 }))) !== null)
      return { folder, port: 0 };
  }
  return null;
}

async function readKnown(home: string): Promise<Cluster | null | 'lost'> {
  try {
    return await readCluster(home);
  } catch (error) {
    if (error instanceof EmbeddedPostgresError && error.code === 'DAMAGED') return 'lost';
    throw error;
  }
}

/** Looks at the files of a home's cluster and changes nothing. Throws NOT_OURS for data of another user. */
export async function inspectCluster(home: string): Promise<ClusterState> {
  const cluster = await readKnown(home);
  if (cluster === 'lost') return 'place lost';
  const own = { folder: postgresFolder(home), port: 0 };
  if ((await readMajor(dataFolder(cluster ?? own))) === null) return 'absent';
  if (cluster === null) return 'place lost';
  return (await readPassword(home)) === null ? 'password lost' : 'whole';
}

/**
 * Gives the superuser a new password by a server for one user, which asks for none: whoever owns the data may do all
 * with them.
 */
async function resetPassword(binaries: Binaries, data: string, user: ServerUser | null): Promise<string> {
  const password = makePassword();
  const child = spawn(
    binaries.postgres,
    ['--single', '-D', data, '-c', 'log_statement=none', '-c', 'log_min_error_statement=panic', 'postgres'],
    {
      cwd: '/',
      env: { PATH: SYSTEM_PATH, LC_ALL: 'C', TZ: 'UTC' },
      stdio: ['pipe', 'ignore', 'pipe'],
      ...(user ?? {}),
    },
  );
  const words = text(child.stderr);
  // A server that ends at once breaks the pipe; its log output says why.
  child.stdin.on('error', () => undefined);
  child.stdin.end(`ALTER ROLE ${SUPERUSER} PASSWORD '${password}'\n`);
  const [code] = (await once(child, 'close')) as [number | null];
  const said = (await words).trim();
  // In this mode the server reports a failed statement and still exits with 0.
  if (code === 0 && !/^(ERROR|FATAL|PANIC):|: +(ERROR|FATAL|PANIC): /m.test(said)) return password;
  throw new EmbeddedPostgresError('START_FAILED', `no new password could be set: ${said || `exit ${code}`}`);
}

/**
 * Makes lost files of a home's cluster again: where the data are, and the superuser's password. Resolves to a sentence
 * for each. Throws IN_USE while a server runs, NOT_OURS for data of another user, and DAMAGED when no data are found.
 */
export async function repairCluster(folder: string): Promise<readonly string[]> {
  const state = await inspectCluster(folder);
  if (state === 'absent' || state === 'whole') return [];
  const home = await realpath(folder);
  const lock = await lockHome(home);
  try {
    const done: string[] = [];
    let cluster = await readKnown(home);
    if (cluster === 'lost' || cluster === null) {
      cluster = await findLost(home);
      if (cluster === null) {
        throw new EmbeddedPostgresError(
          'DAMAGED',
          `no data of ${home} are found: restore a backup into a new CALLBAY_HOME`,
        );
      }
      await saveCluster(home, cluster);
      done.push(`The embedded Postgres was found again in ${cluster.folder}.`);
    }
    if ((await readPassword(home)) === null) {
      const data = dataFolder(cluster);
      const user = findServerUser();
      await assertOwned(data, user);
      const leftover = await findPostmaster(data);
      if (leftover) await stopLeftover(leftover);
      await savePassword(home, await resetPassword(await findBinaries(user), data, user));
      done.push('The embedded Postgres has a new password.');
    }
    return done;
  } finally {
    await lock.release();
  }
}
