import { mkdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { ignoreAbsent, namesIn, PRIVATE_MODE, recoverPartials, rootOfPartials } from './spool.ts';

/**
 * The youngest of three clocks: the host's, the database's, and that of the spool's file system, which stamps changes and
 * may be another host's. By it nothing counts as old that any clock calls young.
 */
export async function readYoungestClock(options: {
  readonly spoolDir: string;
  readonly hostNow: Date;
  readonly databaseNow: Date;
}): Promise<Date> {
  const { spoolDir, hostNow, databaseNow } = options;
  await mkdir(spoolDir, { recursive: true, mode: PRIVATE_MODE });
  await utimes(spoolDir, hostNow, hostNow);
  const { ctimeMs } = await stat(spoolDir);
  return new Date(Math.min(hostNow.getTime(), databaseNow.getTime(), ctimeMs));
}

/**
 * Removes partial uploads that nobody touched for `olderThanMs`, and answers how many. Judged by the change
 * time: the modification time is the client's, and an old recording is not an abandoned upload. Source: case 58.
 */
export async function sweepPartials(options: {
  readonly spoolDir: string;
  readonly olderThanMs: number;
  readonly nowMs: number;
}): Promise<number> {
  await recoverPartials(options.spoolDir);
  const root = rootOfPartials(options.spoolDir);
  let removed = 0;
  for (const tenantId of await namesIn(root)) {
    for (const name of await namesIn(join(root, tenantId))) {
      const path = join(root, tenantId, name);
      const found = await ignoreAbsent(stat(path));
      if (found === null || options.nowMs - found.ctimeMs < options.olderThanMs) continue;
      await rm(path, { force: true });
      removed += 1;
    }
  }
  return removed;
}
