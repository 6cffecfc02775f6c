import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, mkdtemp, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { makeFolder, readFileIfThere, replaceFile } from '@callbay/runtime';
import type { Binaries } from './binaries.ts';
import { EmbeddedPostgresError } from './errors.ts';
import { makeReachableFolder, mayReach, type ServerUser } from './identity.ts';
import { markHome } from './throwaway.ts';

const run = promisify(execFile);

/** All the server's programs look for is a shell. */
export const SYSTEM_PATH = '/usr/local/bin:/usr/bin:/bin';

/** The only login of the server; it owns every database in it. */
export const SUPERUSER = 'callbay';

/** Where one home's data rest and how they are reached; kept in `<home>/postgres/cluster.json`. */
export interface Cluster {
  /** Where `data` lies: in `<home>/postgres`, or in a place of root's when the server's user cannot reach that. */
  readonly folder: string;
  /** The port last served on, 0 for none yet. */
  readonly port: number;
}

/** As written down: a folder inside the home is null, so that a home may be moved. */
interface SavedCluster {
  readonly folder: string | null;
  readonly port: number;
}

export const postgresFolder = (home: string): string => join(home, 'postgres');
export const dataFolder = (cluster: Cluster): string => join(cluster.folder, 'data');
const clusterFile = (home: string): string => join(postgresFolder(home), 'cluster.json');
const passwordFile = (home: string): string => join(postgresFolder(home), 'password');

const damaged = (file: string): EmbeddedPostgresError =>
  new EmbeddedPostgresError(
    'DAMAGED',
    `${file} is missing or damaged: run \`callbay doctor --fix\`, which makes it again without touching any data`,
  );

function parseCluster(home: string, text: string): Cluster | null {
  try {
    const { folder, port } = JSON.parse(text) as SavedCluster;
    if (!Number.isInteger(port) || (folder !== null && typeof folder !== 'string')) return null;
    return { folder: folder ?? postgresFolder(home), port };
  } catch {
    // Not JSON: the caller reports the file as damaged.
    return null;
  }
}

/** The home's cluster as last saved, or null before its first start. Throws DAMAGED. */
export async function readCluster(home: string): Promise<Cluster | null> {
  const text = await readFileIfThere(clusterFile(home));
  // It is saved before any password is made.
  if (text === null && (await readPassword(home)) === null) return null;
  const cluster = text === null ? null : parseCluster(home, text);
  if (cluster === null) throw damaged(clusterFile(home));
  return cluster;
}

export async function saveCluster(home: string, cluster: Cluster): Promise<void> {
  const folder = cluster.folder === postgresFolder(home) ? null : cluster.folder;
  const saved: SavedCluster = { folder, port: cluster.port };
  await replaceFile(clusterFile(home), `${JSON.stringify(saved)}\n`);
}

/** Null where it was never made, and where it was lost: a file system may leave an empty file behind. */
export async function readPassword(home: string): Promise<string | null> {
  return (await readFileIfThere(passwordFile(home)))?.trim() || null;
}

export const makePassword = (): string => randomBytes(24).toString('base64url');

export const savePassword = (home: string, password: string): Promise<void> =>
  replaceFile(passwordFile(home), password);

export function connectionStringOf(port: number, password: string, database: string): string {
  return `postgresql://${SUPERUSER}:${password}@127.0.0.1:${port}/${database}`;
}

/** Makes the folder for our own files of the server; its user must pass through it to the data. */
export async function makePostgresFolder(home: string, user: ServerUser | null): Promise<void> {
  await makeFolder(postgresFolder(home), user ? 0o711 : 0o700);
}

/** Chooses, and remembers, where this home's data rest. */
export async function placeCluster(home: string, user: ServerUser | null): Promise<Cluster> {
  const own = postgresFolder(home);
  const known = await readCluster(home);
  if (known) return known;
  if (user) await chmod(own, 0o711);
  const folder = (await mayReach(user, [own], '-x')) ? own : await makeReachableFolder(null);
  if (folder !== own) await markHome(folder, home);
  const cluster: Cluster = { folder, port: 0 };
  await saveCluster(home, cluster);
  return cluster;
}

export async function readMajor(data: string): Promise<number | null> {
  try {
    return Number((await readFile(join(data, 'PG_VERSION'), 'utf8')).trim());
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') return null;
    if (code !== 'EACCES') throw error;
    throw new EmbeddedPostgresError(
      'NOT_OURS',
      `${data} belongs to another user: start Callbay as the user who made it, or set CALLBAY_HOME elsewhere`,
      { cause: error },
    );
  }
}

/** initdb works beside the final place and is renamed there whole, so a crash leaves no half-made cluster. */
async function initialise(
  cluster: Cluster,
  password: string,
  binaries: Binaries,
  user: ServerUser | null,
): Promise<void> {
  const draft = await mkdtemp(join(cluster.folder, 'new-'));
  try {
    const data = join(draft, 'data');
    const secret = join(draft, 'password');
    await mkdir(data, { mode: 0o700 });
    await writeFile(secret, password, { mode: 0o600 });
    if (user) for (const path of [draft, data, secret]) await chown(path, user.uid, user.gid);
    const args = [
      `--pgdata=${data}`,
      `--username=${SUPERUSER}`,
      `--pwfile=${secret}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      // The same order and case folding on every machine, whatever its locales.
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
    ];
    await run(binaries.initdb, args, {
      cwd: '/',
      env: { PATH: SYSTEM_PATH, LC_ALL: 'C' },
      ...(user ?? {}),
    });
    await rename(data, dataFolder(cluster));
    const folder = await open(cluster.folder, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch (error) {
    const words = (error as { stderr?: string }).stderr?.trim() || (error as Error).message;
    throw new EmbeddedPostgresError('INIT_FAILED', `initdb failed: ${words}`, { cause: error });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/**
 * Makes the cluster on first start, and otherwise checks that these binaries may open it. Answers its password.
 * Throws WRONG_MAJOR, NOT_OURS, DAMAGED or INIT_FAILED.
 */
export async function ensureCluster(
  home: string,
  cluster: Cluster,
  binaries: Binaries,
  user: ServerUser | null,
): Promise<string> {
  const data = dataFolder(cluster);
  const major = await readMajor(data);
  if (major === null) {
    const password = makePassword();
    await savePassword(home, password);
    await initialise(cluster, password, binaries, user);
    return password;
  }
  if (major !== binaries.major) {
    throw new EmbeddedPostgresError(
      'WRONG_MAJOR',
      `${data} was written by Postgres ${major}, and this Callbay brings Postgres ${binaries.major}: ` +
        'run `callbay backup FILE` with the Callbay that wrote it, then `callbay restore FILE` with this one into a new CALLBAY_HOME',
    );
  }
  const password = await readPassword(home);
  if (password === null) throw damaged(passwordFile(home));
  await assertOwned(data, user);
  return password;
}

/** Only the owner of the data may run a server on them. Throws NOT_OURS. */
export async function assertOwned(data: string, user: ServerUser | null): Promise<void> {
  const owner = await stat(data);
  const expected = user?.uid ?? process.getuid?.() ?? owner.uid;
  if (owner.uid === expected) return;
  throw new EmbeddedPostgresError(
    'NOT_OURS',
    `${data} belongs to user ${owner.uid}, not ${expected}: start Callbay as the user who made it, or change its owner`,
  );
}

/** Removes a throwaway cluster with all its data. */
export async function removeCluster(home: string, cluster: Cluster): Promise<void> {
  await rm(cluster.folder, { recursive: true, force: true });
  await rm(postgresFolder(home), { recursive: true, force: true });
}

export const logFile = (home: string): string => join(dirname(clusterFile(home)), 'server.log');
