import { readFile } from 'node:fs/promises';
import type { RunningProduct } from '@callbay/testkit';

/** MiB in memory at one moment, by process. `readers` are the pool processes together. */
export type MemoryReading = Readonly<Record<string, number>>;

const RISE_SHARE = 1.25;
const RISE_MIB = 24;

async function childrenOf(pid: number): Promise<number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return children.trim().split(' ').filter(Boolean).map(Number);
}

/** What is in memory of a process alone: for Postgres, without the pages that its sessions share. */
async function residentMib(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch((error: NodeJS.ErrnoException) => {
    // Sessions and pool processes end while their list is walked.
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return '';
    throw error;
  });
  return Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024;
}

const sum = async (pids: readonly number[]): Promise<number> =>
  (await Promise.all(pids.map(residentMib))).reduce((total, each) => total + each, 0);

/** Reads /proc. Throws where a role is missing: it died under the load. */
export async function readMemory(product: RunningProduct): Promise<MemoryReading> {
  const { intake, pipeline, api, postgres } = await product.pids();
  if (!intake || !pipeline || !api || !postgres) throw new Error('a process of the product is missing');
  return {
    supervisor: await residentMib(product.supervisorPid),
    intake: await residentMib(intake),
    pipeline: await residentMib(pipeline),
    readers: await sum(await childrenOf(pipeline)),
    api: await residentMib(api),
    postgres: await sum(await childrenOf(postgres)),
  };
}

const medianOf = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/**
 * The processes whose memory still rises: the median of the last quarter of the readings against that of the second
 * quarter, after everything is warm. A quarter more, and 24 MiB, is what a garbage collector may differ by.
 */
export function findRising(readings: readonly MemoryReading[]): string[] {
  const quarter = Math.floor(readings.length / 4);
  const early = readings.slice(quarter, 2 * quarter);
  const late = readings.slice(-quarter);
  return Object.keys(readings[0] ?? {}).filter((name) => {
    const [before, after] = [early, late].map((part) => medianOf(part.map((reading) => reading[name] ?? 0)));
    return after! > before! * RISE_SHARE && after! > before! + RISE_MIB;
  });
}
