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
export const COUNTING = {
  shared_preload_libraries: 'pg_stat_statements',
  'pg_stat_statements.track': 'all',
  wal_keep_size: '16GB',
};

const WAL_OF_RELATIONS = `
SELECT coalesce(c.relname, 'toast or dropped') AS relation, i.resource_manager || '/' || i.record_type AS record,
       count(*)::float8 AS blocks, sum(i.block_data_length)::float8 AS bytes,
       sum(i.block_fpi_length)::float8 AS "imageBytes", count(*) FILTER (WHERE i.block_fpi_length > 0)::float8 AS images
  FROM pg_get_wal_block_info($1, pg_current_wal_lsn(), false) i
  LEFT JOIN pg_class c ON pg_relation_filenode(c.oid) = i.relfilenode
 GROUP BY 1, 2 ORDER BY sum(i.block_fpi_length + i.block_data_length) DESC LIMIT 60`;

const WAL_OF_RECORDS = `
SELECT "resource_manager/record_type" AS record, count::float8, record_size::float8 AS "recordBytes", fpi_size::float8 AS "imageBytes"
  FROM pg_get_wal_stats($1, pg_current_wal_lsn(), true) WHERE count > 0 ORDER BY combined_size DESC LIMIT 30`;

/** Prints the WAL since a place in it, each figure for one of `units`: by record type, then by relation. */
export async function printWal(probe: ServerProbe, units: number, from: string): Promise<void> {
  await probe.query('CREATE EXTENSION IF NOT EXISTS pg_walinspect');
  for (const [text, name] of [
    [WAL_OF_RECORDS, 'records'],
    [WAL_OF_RELATIONS, 'relations'],
  ] as const) {
    process.stderr.write(`WAL by ${name}\n`);
    for (const row of await probe.query<Record<string, number | string>>(text, [from])) {
      const cells = Object.values(row).map((cell) =>
        typeof cell === 'number' ? (cell / units).toFixed(2).padStart(9) : cell.padEnd(34),
      );
      process.stderr.write(`${cells.join(' ')}\n`);
    }
  }
}

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
