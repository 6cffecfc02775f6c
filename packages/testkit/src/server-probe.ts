import pg from 'pg';

/** What a Postgres server counted since its start. WAL and fsyncs include those of every process. */
export interface ServerCounters {
  readonly statements: number;
  readonly commits: number;
  readonly rollbacks: number;
  readonly buffers: number;
  /** Rows that scans returned, those of the catalogs included. */
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

export interface TableCounters {
  readonly schema: string;
  readonly name: string;
  readonly inserted: number;
  /** Rows read by sequential scans or fetched by way of an index. */
  readonly rowsRead: number;
}

export interface ServerReading {
  readonly counters: ServerCounters;
  readonly statements: readonly StatementCounters[];
  /** Our own tables and those of the queue. */
  readonly tables: readonly TableCounters[];
  /** The application name or the kind of each process of Postgres. */
  readonly processes: ReadonlyMap<number, string>;
}

/** Connections that look at a server without being counted among what they count. */
export interface ServerProbe extends AsyncDisposable {
  readonly connectionString: string;
  /** The probe's own backends. */
  readonly pids: ReadonlySet<number>;
  /** A backend reports its counts when it ends, else within 10 s of its last transaction. */
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
SELECT queryid::text AS id, min(query) AS text, sum(calls)::float8 AS calls,
       sum(total_exec_time)::float8 AS "elapsedMs", sum(shared_blks_hit + shared_blks_read)::float8 AS buffers,
       sum(wal_bytes)::float8 AS "walBytes"
  FROM pg_stat_statements GROUP BY queryid`;

const TABLES = `
SELECT schemaname AS schema, relname AS name, n_tup_ins::float8 AS inserted,
       (coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::float8 AS "rowsRead"
  FROM pg_stat_user_tables WHERE schemaname IN ('public', 'callbay_queue')`;

async function connect(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString, application_name: 'callbay-probe' });
  await client.connect();
  await client.query(`SET pg_stat_statements.track = 'none'`);
  return client;
}

/** Connects to a database whose server has loaded pg_stat_statements. */
export async function openServerProbe(connectionString: string): Promise<ServerProbe> {
  const client = await connect(connectionString);
  const watcher = await connect(connectionString);
  await client.query('CREATE EXTENSION IF NOT EXISTS pg_stat_statements');
  const pids = new Set<number>();
  for (const each of [client, watcher]) {
    const { rows } = await each.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    pids.add(rows[0]!.pid);
  }
  // What an open transaction reads is counted at its end, so that the watching is not among the counts.
  await watcher.query('BEGIN');
  const query = async <Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> =>
    (await client.query<Row>(text, [...values])).rows;
  return {
    connectionString,
    pids,
    query,
    read: async () => {
      // What this session did before, such as inserting a history, would else be counted up to a second later.
      await query('SELECT pg_stat_force_next_flush()');
      const [counters] = await query<ServerCounters>(COUNTERS);
      const activity = await query<{ pid: number; name: string }>(
        `SELECT pid, coalesce(nullif(application_name, ''), backend_type) AS name FROM pg_stat_activity`,
      );
      return {
        counters: counters!,
        statements: await query<StatementCounters>(STATEMENTS),
        tables: await query<TableCounters>(TABLES),
        processes: new Map(activity.map(({ pid, name }) => [pid, name])),
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
