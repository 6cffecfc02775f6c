import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { acquireProcessLock, type ProcessLock, readLockOwner } from '@callbay/embedded';
import { type Config, makeFolder, makeHome, readFileIfThere, replaceFile } from '@callbay/runtime';

/** Another process serves this home. */
export class HomeInUseError extends Error {
  constructor(home: string, pid: number) {
    super(
      `Callbay already runs on ${home} (process ${pid}): stop it first, or set CALLBAY_HOME to another folder`,
    );
    this.name = 'HomeInUseError';
  }
}

const lockFile = (home: string): string => join(home, 'up.lock');
const addressFile = (home: string): string => join(home, 'up.json');

/** Where a running `callbay up` serves, null where another node does; the ports may be other than the configured ones. */
export interface Addresses {
  readonly http: string | null;
  readonly sftp: string | null;
}

/** Makes the home and takes it for this process. Throws HomeInUseError. */
export async function lockHome(
  config: Pick<Config, 'home' | 'blobsFolder' | 'spoolFolder'>,
): Promise<ProcessLock> {
  await makeHome(config.home);
  const lock = await acquireProcessLock(lockFile(config.home));
  if ('heldBy' in lock) throw new HomeInUseError(config.home, lock.heldBy.pid);
  for (const folder of [config.blobsFolder, config.spoolFolder]) await makeFolder(folder, 0o700);
  return lock;
}

export async function writeAddresses(home: string, addresses: Addresses): Promise<void> {
  await replaceFile(addressFile(home), `${JSON.stringify(addresses)}\n`);
}

export async function removeAddresses(home: string): Promise<void> {
  await rm(addressFile(home), { force: true });
}

/** The process that serves this home now, or null. */
export async function findServing(
  home: string,
): Promise<{ pid: number; addresses: Addresses | null } | null> {
  const owner = await readLockOwner(lockFile(home));
  if (!owner) return null;
  const text = await readFileIfThere(addressFile(home));
  // Without one it is still starting.
  return { pid: owner.pid, addresses: text === null ? null : (JSON.parse(text) as Addresses) };
}
