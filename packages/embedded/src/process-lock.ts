import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';

/** Who holds a lock file. */
export interface LockOwner {
  readonly pid: number;
  readonly host: string;
  /** When the process began, in the kernel's own count; null where that cannot be read. */
  readonly startedAt: string | null;
}

/** A lock that its process holds; a lock whose process died is free for the taking. */
export interface ProcessLock {
  release(): Promise<void>;
}

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

/**
 * Boot and start time of a process: a pid alone is used again, after a reboot almost surely.
 * Null where /proc is not there, and for a process that is gone.
 */
export async function readStartTime(pid: number): Promise<string | null> {
  try {
    const [stat, boot] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
    ]);
    // The command's name stands in brackets and may hold spaces; start time is the 20th field after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? null : `${boot.trim()}:${fields[19]}`;
  } catch {
    // No such process, or a system without /proc: a lock then names no start.
    return null;
  }
}

/** Ended, but not yet waited for by its parent: such a process still answers signal 0. Only /proc can tell. */
function isZombie(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.charAt(stat.lastIndexOf(')') + 2) === 'Z';
  } catch {
    // A system without /proc: signal 0 alone decides.
    return false;
  }
}

export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function isOwnerAlive(owner: LockOwner): Promise<boolean> {
  // A lock from another machine on a shared folder cannot be judged from here: respect it.
  if (owner.host !== hostname()) return true;
  if (!isProcessAlive(owner.pid)) return false;
  return owner.startedAt === null || (await readStartTime(owner.pid)) === owner.startedAt;
}

async function readOwner(file: string): Promise<{ owner: LockOwner | null; text: string } | null> {
  try {
    const text = await readFile(file, 'utf8');
    try {
      return { owner: JSON.parse(text) as LockOwner, text };
    } catch {
      // Locks are linked into place whole, so this one was damaged by hand or by the disk: nobody's.
      return { owner: null, text };
    }
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** The living holder of a lock file, or null. */
export async function readLockOwner(file: string): Promise<LockOwner | null> {
  const found = await readOwner(file);
  return found?.owner && (await isOwnerAlive(found.owner)) ? found.owner : null;
}

async function breakLock(file: string, text: string): Promise<void> {
  const aside = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    await rename(file, aside);
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  try {
    // When another was quicker, what we hold is its live lock: put it back.
    if ((await readFile(aside, 'utf8')) !== text) await link(aside, file);
  } finally {
    await rm(aside, { force: true });
  }
}

/** Takes the lock file for this process, or answers who holds it. A dead holder's lock is taken over. */
export async function acquireProcessLock(
  file: string,
): Promise<ProcessLock | { readonly heldBy: LockOwner }> {
  const mine: LockOwner = { pid: process.pid, host: hostname(), startedAt: await readStartTime(process.pid) };
  const text = JSON.stringify({ ...mine, nonce: randomBytes(6).toString('hex') });
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  await writeFile(draft, text, { mode: 0o600, flag: 'wx' });
  try {
    for (;;) {
      try {
        // A link is made whole or not at all: nobody reads a lock without its owner.
        await link(draft, file);
        return {
          release: async () => {
            if ((await readOwner(file))?.text === text) await rm(file, { force: true });
          },
        };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const held = await readOwner(file);
      if (!held) continue;
      if (held.owner && (await isOwnerAlive(held.owner))) return { heldBy: held.owner };
      await breakLock(file, held.text);
    }
  } finally {
    await rm(draft, { force: true });
  }
}
