import type { BigIntStats } from 'node:fs';
import { lstat } from 'node:fs/promises';

export type EntryStats = BigIntStats;

/** What is at a path, links not followed; null for nothing. */
export async function look(path: string): Promise<EntryStats | null> {
  try {
    return await lstat(path, { bigint: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

const isSameFile = (a: EntryStats, b: EntryStats): boolean => a.ino === b.ino && a.dev === b.dev;

/** The same file with the same content, as far as its size and time tell. A rename changes the time of change alone. */
export const hasSameContent = (a: EntryStats, b: EntryStats): boolean =>
  isSameFile(a, b) && a.size === b.size && a.mtimeNs === b.mtimeNs;

/** Nothing has happened to the file in between: no write, and no change of its attributes. */
export const isUntouched = (a: EntryStats, b: EntryStats): boolean =>
  hasSameContent(a, b) && a.ctimeNs === b.ctimeNs;

/** The end of the year 9999: later times are a fault of the file's, and no date of ours can hold them. */
const LATEST_MS = 253_402_300_799_999n;

/** The time of modification in whole milliseconds, as a row keeps it. */
export function modifiedAtOf({ mtimeNs }: EntryStats): Date {
  const ms = mtimeNs / 1_000_000n;
  return new Date(Number(ms < 0n ? 0n : ms > LATEST_MS ? LATEST_MS : ms));
}

/** Whether this is the file that a row tells of. */
export const isFileOfRow = (
  stats: EntryStats | null,
  row: { readonly sizeBytes: number; readonly modifiedAt: Date },
): stats is EntryStats =>
  stats?.isFile() === true &&
  Number(stats.size) === row.sizeBytes &&
  modifiedAtOf(stats).getTime() === row.modifiedAt.getTime();
