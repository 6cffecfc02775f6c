import { chmod, stat } from 'node:fs/promises';
import { repairCluster } from '@callbay/embedded';
import { type Config, homeMode } from '@callbay/runtime';

/** Closes a home that others may look into. */
async function closeHome(home: string): Promise<string[]> {
  const found = await stat(home).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (found === null || (found.mode & 0o777 & ~homeMode) === 0) return [];
  await chmod(home, found.mode & homeMode);
  return [`${home} is closed to others.`];
}

/** Mends what a start cannot, without touching any data. Resolves to a sentence for each thing that was done. */
export async function fixHome(config: Pick<Config, 'home' | 'databaseUrl'>): Promise<readonly string[]> {
  const closed = await closeHome(config.home);
  return config.databaseUrl === null ? [...closed, ...(await repairCluster(config.home))] : closed;
}
