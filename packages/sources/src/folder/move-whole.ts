import { randomUUID } from 'node:crypto';
import { copyFile, link, rm, unlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { look, modifiedAtOf } from './entry-stats.ts';

const errnoOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

async function removeIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

/**
 * A copy that belongs to us, moved into place: Linux forbids links to files of others that we may not write
 * (`fs.protected_hardlinks`).
 */
async function linkCopy(from: string, to: string, staging: string): Promise<void> {
  const stats = await look(from);
  const copy = join(staging, randomUUID());
  try {
    await copyFile(from, copy);
    if (stats !== null) {
      // Half a millisecond more: rounded down, the time is then that of the row.
      const seconds = (modifiedAtOf(stats).getTime() + 0.5) / 1_000;
      await utimes(copy, seconds, seconds);
    }
    await link(copy, to);
  } finally {
    await rm(copy, { force: true });
  }
}

/**
 * Moves a file to where no other is: by a link, because a rename overwrites. `taken` where another file is there, `absent`
 * where `from` is gone. A call that died between link and removal is made whole by the next one.
 */
export async function moveWhole(
  from: string,
  to: string,
  staging: string,
): Promise<'moved' | 'taken' | 'absent'> {
  try {
    await link(from, to).catch((error: unknown) => {
      if (errnoOf(error) !== 'EPERM') throw error;
      return linkCopy(from, to, staging);
    });
  } catch (error) {
    const [source, target] = await Promise.all([look(from), look(to)]);
    if (source === null) return 'absent';
    if (errnoOf(error) !== 'EEXIST') throw error;
    if (target !== null && (target.ino !== source.ino || target.dev !== source.dev)) return 'taken';
    if (target === null) return moveWhole(from, to, staging);
  }
  await removeIfThere(from);
  return 'moved';
}
