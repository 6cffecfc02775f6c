import { constants } from 'node:fs';
import { open, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { isTemporaryName } from '@callbay/core';
import type { IgnoredEntry } from '@callbay/ingestion';
import { type EntryStats, look } from './entry-stats.ts';

/** More entries than these are looked at once those before them have left. */
const MAX_ENTRIES = 200_000;
const LOOKS_AT_ONCE = 64;
const IGNORED_SHOWN = 100;

/** A regular file directly in `data`, with what the file system tells of it. */
export interface DataEntry {
  readonly name: string;
  readonly stats: EntryStats;
}

export interface DataFolder {
  readonly files: readonly DataEntry[];
  readonly temporary: readonly DataEntry[];
  /** The first of them: an operator reads a few, and knows. */
  readonly ignored: readonly IgnoredEntry[];
}

/** Why an entry is not a file that could be received; null for one that is. */
function whyIgnored(stats: EntryStats): string | null {
  if (stats.isDirectory()) return 'A folder: files must lie directly in data.';
  if (stats.isSymbolicLink()) return 'A symbolic link: leave the file itself.';
  if (!stats.isFile()) return 'Not a regular file.';
  return null;
}

/** Whether this process may read a file; the reason where it may not. */
export async function whyUnreadable(path: string): Promise<string | null> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  try {
    await (await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)).close();
    return null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    if (code !== 'EACCES' && code !== 'EPERM') throw error;
    return 'Callbay may not read the file: check its owner and mode.';
  }
}

/** Everything in `data`, as it is now. */
export async function readDataFolder(
  data: string,
  temporaryNames: readonly string[] | null,
): Promise<DataFolder> {
  const [files, temporary, ignored]: [DataEntry[], DataEntry[], IgnoredEntry[]] = [[], [], []];
  const ignore = (name: string, reason: string): void => {
    if (ignored.length < IGNORED_SHOWN) ignored.push({ name, reason });
  };
  const judge = async (name: string): Promise<void> => {
    // Lossy decoding makes one name of two, and neither can be opened by it.
    if (name.includes('\ufffd')) return ignore(name, 'The name is not valid UTF-8.');
    const stats = await look(join(data, name));
    if (stats === null) return;
    const reason = whyIgnored(stats);
    if (isTemporaryName(name, temporaryNames)) {
      if (reason === null) temporary.push({ name, stats });
    } else if (reason !== null) ignore(name, reason);
    else files.push({ name, stats });
  };
  let names: string[] = [];
  const judgeAll = async (): Promise<void> => {
    await Promise.all(names.map(judge));
    names = [];
  };
  let entries = 0;
  for await (const { name } of await opendir(data, { bufferSize: 1_024 })) {
    if (entries === MAX_ENTRIES) break;
    entries += 1;
    names.push(name);
    if (names.length === LOOKS_AT_ONCE) await judgeAll();
  }
  await judgeAll();
  return { files, temporary, ignored };
}
