import type { ServerProbe, StatementCounters } from '@callbay/testkit';
import { readTree } from './hotpath/process-tree.ts';

/** CPU that this process, its children and the Postgres that it started have used so far, in milliseconds. */
export interface CpuShares {
  readonly node: number;
  readonly children: number;
  readonly postgres: number;
}

/** Backends and children that have ended count: whoever waited for them has their time. */
export async function readCpuShares(): Promise<CpuShares> {
  const { user, system } = process.cpuUsage();
  const servers = new Set<number>();
  const ms = { children: 0, postgres: 0 };
  // Parents come before their children.
  for (const { pid, parent, command, ownMs, endedMs } of await readTree(process.pid)) {
    if (servers.has(parent) || /bin\/postgres\0/.test(command)) servers.add(pid);
    ms[servers.has(pid) ? 'postgres' : 'children'] += endedMs + (pid === process.pid ? 0 : ownMs);
  }
  return { node: (user + system) / 1_000, ...ms };
}

export const cpuSince = (now: CpuShares, before: CpuShares): CpuShares => ({
  node: now.node - before.node,
  children: now.children - before.children,
  postgres: now.postgres - before.postgres,
});

/** Settings of a Postgres whose statements are to be counted. */
export const COUNTING = { shared_preload_libraries: 'pg_stat_statements', 'pg_stat_statements.track': 'all' };

/** Prints what the costliest statements took, each for one of `units`, since the probe was opened. */
export async function printStatements(probe: ServerProbe, units: number, count: number): Promise<void> {
  const { statements, counters } = await probe.read();
  const costliest = [...statements].sort((a, b) => b.elapsedMs - a.elapsedMs).slice(0, count);
  process.stderr.write(
    `${(counters.walBytes / units).toFixed(0)} bytes of WAL each\n   calls   µs each  buffers   WAL\n`,
  );
  for (const each of costliest) process.stderr.write(`${lineOf(each, units)}\n`);
}

function lineOf({ calls, elapsedMs, buffers, walBytes, text }: StatementCounters, units: number): string {
  const figures = [
    String(calls).padStart(8),
    ((elapsedMs * 1_000) / units).toFixed(1).padStart(10),
    (buffers / units).toFixed(1).padStart(9),
    (walBytes / units).toFixed(0).padStart(6),
  ];
  return `${figures.join('')}  ${text.replaceAll(/\s+/g, ' ').trim().slice(0, 90)}`;
}
