import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isProcessAlive } from './process-lock.ts';

/** What `postmaster.pid` says of the server that wrote it. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  readonly isReady: boolean;
}

/** The file's claim, which a killed server leaves behind; null where there is none or it is half written. */
export async function readPostmaster(data: string): Promise<Postmaster | null> {
  let lines: string[];
  try {
    lines = (await readFile(join(data, 'postmaster.pid'), 'utf8')).split('\n');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'EACCES') return null;
    throw error;
  }
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0) return null;
  return { pid, port: Number(lines[3] ?? 0), isReady: lines[7]?.trim() === 'ready' };
}

/** Whether the living process `pid` was started on this data folder; where /proc is absent the file's word is taken. */
async function isServing(pid: number, data: string): Promise<boolean> {
  if (!isProcessAlive(pid)) return false;
  if (process.platform !== 'linux') return true;
  try {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8');
    return command.split('\0').includes(data);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ESRCH') return false;
    throw error;
  }
}

/** The living server of a data folder, or null. */
export async function findPostmaster(data: string): Promise<Postmaster | null> {
  const claimed = await readPostmaster(data);
  return claimed && (await isServing(claimed.pid, data)) ? claimed : null;
}
