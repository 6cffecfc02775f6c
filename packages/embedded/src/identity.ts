import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { chmod, lstat, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The user that the server runs as: Postgres refuses root, so root lends it nobody's. */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

/** Null when we are not root: the server then simply runs as ourselves. */
export function findServerUser(): ServerUser | null {
  if (process.getuid?.() !== 0) return null;
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith('nobody:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  return { uid: Number(uid ?? 65_534), gid: Number(gid ?? 65_534) };
}

/**
 * Whether `user` may do what `flags` (-r, -x of test(1)) say with every path. The kernel decides, not our arithmetic on
 * modes.
 */
export async function mayReach(
  user: ServerUser | null,
  paths: readonly string[],
  flag: '-r' | '-x',
): Promise<boolean> {
  if (!user) return true;
  const script = `for path do test ${flag} "$path" || exit 1; done`;
  try {
    await run('/bin/sh', ['-c', script, 'sh', ...paths], { cwd: '/', uid: user.uid, gid: user.gid });
    return true;
  } catch {
    // The shell ends with 1 where a path cannot be reached; one that does not start cannot either.
    return false;
  }
}

/** Where root keeps what the server must reach; its entries have unguessable names. */
export const SHARED_BASE = '/var/lib/callbay';

async function isPrivateToRoot(folder: string): Promise<boolean> {
  const found = await lstat(folder);
  return found.isDirectory() && found.uid === 0 && (found.mode & 0o022) === 0;
}

/**
 * A folder of root's that the server's user can pass through and nobody else can write to, for what it cannot reach
 * where it is. Not below /tmp or /var/tmp if that can be helped: those are swept of old files, and this is a database.
 */
export async function makeReachableFolder(name: string | null): Promise<string> {
  const unique = name ?? randomBytes(12).toString('hex');
  for (const base of [SHARED_BASE, `/var/tmp/callbay-${randomBytes(12).toString('hex')}`]) {
    try {
      await mkdir(base, { recursive: true });
      if (!(await isPrivateToRoot(base))) continue;
      // mkdir's own mode is narrowed by the umask.
      await chmod(base, 0o711);
      const folder = join(base, unique);
      await mkdir(folder, { recursive: true });
      await chmod(folder, 0o711);
      return folder;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code !== 'EACCES' && code !== 'EROFS' && code !== 'EPERM' && code !== 'ENOENT') throw error;
    }
  }
  throw new Error(`neither ${SHARED_BASE} nor /var/tmp can hold a folder for the embedded Postgres`);
}
