import { findRunningPostgres } from '@callbay/embedded';
import type { RunningProduct } from '@callbay/testkit';
import { until } from '@callbay/testkit';
import pg from 'pg';

/** Counts of the whole server since its start; `wal` and `fsyncs` include every process of Postgres. */
export interface ServerCounters {
  readonly statements: number;
  readonly commits: number;
  readonly rollbacks: number;
  readonly buffers: number;
  /** Rows that scans returned. */
  readonly rowsScanned: number;
  readonly walBytes: number;
  readonly walFsyncs: number;
  readonly fsyncs: number;
}

/** One statement's share, as pg_stat_statements counts it. */
export interface StatementCounters {
  readonly id: string;
  readonly text: string;
  readonly calls: number;
  readonly elapsedMs: number;
  readonly buffers: number;
  readonly walBytes: number;
}

export interface ServerReading {
  readonly counters: ServerCounters;
  readonly statements: readonly StatementCounters[];
  /** The application or the kind of each process of Postgres. */
  readonly names: ReadonlyMap<number, string>;
}

/** The benchmark's own connections to a product's Postgres. */
export interface ServerProbe extends AsyncDisposable {
  readonly connectionString: string;
  /** Backends that serve the probe: not to be counted. */
  readonly pids: ReadonlySet<number>;
  read(): Promise<ServerReading>;
  /** How many calls of a tenant have surfaced. */
  countSurfaced(tenantId: string): Promise<number>;
  query<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>;
}

const COUNTERS = `
SELECT (SELECT coalesce(sum(calls), 0) FROM pg_stat_statements)::float8 AS statements,
       xact_commit::float8 AS commits, xact_rollback::float8 AS rollbacks,
       (blks_hit + blks_read)::float8 AS buffers, tup_returned::float8 AS "rowsScanned",
       (SELECT wal_bytes FROM pg_stat_wal)::float8 AS "walBytes",
       (SELECT coalesce(sum(fsyncs), 0) FROM pg_stat_io WHERE object = 'wal')::float8 AS "walFsyncs",
       (SELECT coalesce(sum(fsyncs), 0) FROM pg_stat_io)::float8 AS fsyncs
  FROM pg_stat_database WHERE datname = current_database()`;

const STATEMENTS = `
SELECT queryid::text AS id, min(query) AS text, sum(calls)::float8 AS calls, sum(total_exec_time)::float8 AS "elapsedMs",
       sum(shared_blks_hit + shared_blks_read)::float8 AS buffers, sum(wal_bytes)::float8 AS "walBytes"
  FROM pg_stat_statements GROUP BY queryid`;

async function connectTo(product: RunningProduct): Promise<{ client: pg.Client; connectionString: string }> {
  const connectionString = await until('Postgres answering', () =>
    findRunningPostgres(product.home, 'callbay'),
  );
  const client = new pg.Client({ connectionString, application_name: 'callbay-bench' });
  await client.connect();
  return { client, connectionString };
}

/** Restarts the product's Postgres with pg_stat_statements, and waits until everything works on it. */
async function loadExtension(product: RunningProduct): Promise<void> {
  const { client } = await connectTo(product);
  await client.query(`ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'`);
  await client.query('CREATE EXTENSION IF NOT EXISTS pg_stat_statements');
  const { postgres } = await product.pids();
  client.on('error', () => {});
  const ended = new Promise((resolve) => client.once('end', resolve));
  process.kill(postgres!, 'SIGINT');
  await ended;
  await until(
    'the other Postgres',
    async () => product.log().includes('the embedded Postgres is back'),
    60_000,
  );
  await until(
    'a product that is ready',
    () =>
      product.api('GET', '/health/ready').then(
        () => true,
        () => false,
      ),
    60_000,
  );
}

/** Connects to the product's Postgres and has it count statements. */
export async function openProbe(product: RunningProduct): Promise<ServerProbe> {
  await loadExtension(product);
  const { client, connectionString } = await connectTo(product);
  const watcher = new pg.Client({ connectionString, application_name: 'callbay-bench' });
  await watcher.connect();
  const pids = new Set<number>();
  for (const each of [client, watcher]) {
    await each.query(`SET pg_stat_statements.track = 'none'`);
    const { rows } = await each.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    pids.add(rows[0]!.pid);
  }
  // What an open transaction reads is counted at its end: the watching does not show among the product's own counts.
  await watcher.query('BEGIN');
  const query = async <Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> =>
    (await client.query<Row>(text, [...values])).rows;
  return {
    connectionString,
    pids,
    query,
    read: async () => {
      const [counters] = await query<ServerCounters>(COUNTERS);
      const activity = await query<{ pid: number; name: string }>(
        `SELECT pid, coalesce(nullif(application_name, ''), backend_type) AS name FROM pg_stat_activity`,
      );
      return {
        counters: counters!,
        statements: await query<StatementCounters>(STATEMENTS),
        names: new Map(activity.map(({ pid, name }) => [pid, name])),
      };
    },
    countSurfaced: async (tenantId) => {
      const { rows } = await watcher.query<{ value: string }>({
        name: 'surfaced',
        text: `SELECT value FROM tenant_counters WHERE tenant_id = $1 AND name = 'call'`,
        values: [tenantId],
      });
      return Number(rows[0]?.value ?? 0);
    },
    [Symbol.asyncDispose]: async () => {
      await watcher.end();
      await client.end();
    },
  };
}
