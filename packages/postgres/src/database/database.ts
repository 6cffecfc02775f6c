import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { PrismaClient } from '../generated/client.ts';
import { breaksConnection, translatePgError } from './pg-errors.ts';

export interface DatabaseOptions {
  readonly connectionString: string;
  /** The most connections this process may hold, Prisma's included: part of the stated connection budget. */
  readonly max: number;
  /** Shown in pg_stat_activity, such as `callbay-pipeline`. */
  readonly applicationName: string;
  /** Called for a connection that broke while idle. The pool replaces it by itself. */
  readonly onIdleError?: (error: Error) => void;
  /** Beyond `max`, connections for bulk work, which take as long as they take; 2 unless given. */
  readonly bulkMax?: number;
}

/**
 * What statements run on: the database (each on any connection) or one transaction. `int8` comes back as a number,
 * `timestamptz` as a Date, JSON parsed; JSON parameters must be given as strings. Throws a retryable UNAVAILABLE when
 * the database is unavailable, busy, or rolled us back as a deadlock victim.
 */
export interface Sql {
  /** The rows of one statement. A `name` has it prepared once per connection, which a hot path wants. */
  query<Row>(text: string, values?: readonly unknown[], name?: string): Promise<Row[]>;
  /** How many rows one statement touched. */
  execute(text: string, values?: readonly unknown[], name?: string): Promise<number>;
}

const INT8_OID = 20;

/** Sequences, sizes and counts stay far below 2^53; a value that does not is a fault, never a silent rounding. */
function parseInt8(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError('an int8 beyond 2^53 came from the database');
  return value;
}

const types: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) =>
    oid === INT8_OID && format !== 'binary' ? parseInt8 : pg.types.getTypeParser(oid, format as 'text'),
};

type Querier = Pick<pg.Pool | pg.PoolClient, 'query'>;

async function run(
  on: Querier,
  text: string,
  values: readonly unknown[],
  name?: string,
): Promise<pg.QueryResult> {
  try {
    return await on.query({ text, values: [...values], ...(name === undefined ? {} : { name }) });
  } catch (error) {
    throw translatePgError(error);
  }
}

const sqlOn = (on: Querier): Sql => ({
  query: async <Row>(text: string, values: readonly unknown[] = [], name?: string) =>
    (await run(on, text, values, name)).rows as Row[],
  execute: async (text, values = [], name) => (await run(on, text, values, name)).rowCount ?? 0,
});

/** One pool of connections and, on the same pool, a Prisma client made when first asked for. Close it last. */
export class Database implements Sql, AsyncDisposable {
  readonly connectionString: string;
  readonly pool: pg.Pool;
  readonly query: Sql['query'];
  readonly execute: Sql['execute'];
  #prisma: PrismaClient | null = null;
  #bulk: pg.Pool | null = null;
  readonly #options: DatabaseOptions;
  #closing: Promise<void> | null = null;

  constructor(options: DatabaseOptions) {
    this.connectionString = options.connectionString;
    this.#options = options;
    this.pool = new pg.Pool({
      connectionString: options.connectionString,
      application_name: options.applicationName,
      max: options.max,
      types,
      keepAlive: true,
      connectionTimeoutMillis: 5_000,
      idleTimeoutMillis: 30_000,
      statement_timeout: 30_000,
      lock_timeout: 10_000,
      idle_in_transaction_session_timeout: 60_000,
      // For a server that holds the connection but answers nothing: past every timeout of the server's own.
      query_timeout: 40_000,
    });
    // A pool without this listener ends the process when Postgres stops.
    this.pool.on('error', (error) => options.onIdleError?.(error));
    const sql = sqlOn(this.pool);
    this.query = sql.query;
    this.execute = sql.execute;
  }

  /** Prisma on the same connections, for administration and the API. */
  get prisma(): PrismaClient {
    this.#prisma ??= new PrismaClient({ adapter: new PrismaPg(this.pool) });
    return this.#prisma;
  }

  /** Connections for COPY and statements over millions of rows, opened when first asked for. */
  get bulk(): pg.Pool {
    if (this.#bulk === null) {
      this.#bulk = new pg.Pool({
        connectionString: this.connectionString,
        application_name: `${this.#options.applicationName}-bulk`,
        max: this.#options.bulkMax ?? 2,
        types,
        keepAlive: true,
        connectionTimeoutMillis: 60_000,
        idleTimeoutMillis: 10_000,
        lock_timeout: 10_000,
        idle_in_transaction_session_timeout: 10 * 60_000,
      });
      this.#bulk.on('error', (error) => this.#options.onIdleError?.(error));
    }
    return this.#bulk;
  }

  /** Waits for running statements, then closes every connection. Closing twice is fine. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      await this.#prisma?.$disconnect();
      await this.#bulk?.end();
      await this.pool.end();
    })();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Opens no connection yet: the first statement does. */
export const openDatabase = (options: DatabaseOptions): Database => new Database(options);

/** What a transaction was asked to be, where READ COMMITTED does not do. */
export interface TransactOptions {
  readonly isolation?: 'repeatable read' | 'serializable';
  readonly readOnly?: boolean;
}

async function connect(pool: pg.Pool): Promise<pg.PoolClient> {
  try {
    return await pool.connect();
  } catch (error) {
    throw translatePgError(error);
  }
}

/**
 * Runs `fn` in one transaction and answers what it answers, committed; rolls back when it throws. It is not run again
 * by itself: a retryable CallbayError leaves that to the caller, who knows what else `fn` did.
 */
export const transact = <T>(
  db: Database,
  fn: (tx: Sql) => Promise<T>,
  options: TransactOptions = {},
): Promise<T> => transactOn(db.pool, fn, options);

/** The same on a bulk connection, which `fn` gets too, for COPY. It waits for a free one. */
export const transactBulk = <T>(
  db: Database,
  fn: (tx: Sql, client: pg.PoolClient) => Promise<T>,
): Promise<T> => transactOn(db.bulk, fn, {});

async function transactOn<T>(
  pool: pg.Pool,
  fn: (tx: Sql, client: pg.PoolClient) => Promise<T>,
  options: TransactOptions,
): Promise<T> {
  const client = await connect(pool);
  // A checked-out connection that breaks between two statements says so here, and nowhere else.
  let broken: Error | undefined;
  const onError = (error: Error): void => {
    broken = error;
  };
  client.on('error', onError);
  const tx = sqlOn(client);
  const mode = `${options.isolation ? ` ISOLATION LEVEL ${options.isolation}` : ''}${options.readOnly ? ' READ ONLY' : ''}`;
  try {
    await tx.execute(`BEGIN${mode}`);
    const result = await fn(tx, client);
    const { command } = await run(client, 'COMMIT', []);
    // Postgres answers COMMIT with ROLLBACK where `fn` swallowed the error of a statement.
    if (command !== 'COMMIT')
      throw new Error('a transaction was committed after one of its statements had failed');
    return result;
  } catch (error) {
    broken ??= await rollback(client, error);
    throw error;
  } finally {
    client.off('error', onError);
    client.release(broken);
  }
}

/** The error to discard the connection with, or undefined where it is clean again. */
async function rollback(client: pg.PoolClient, reason: unknown): Promise<Error | undefined> {
  const cause = reason instanceof Error && reason.cause instanceof Error ? reason.cause : reason;
  if (reason !== cause && breaksConnection(cause)) return cause as Error;
  try {
    await client.query('ROLLBACK');
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
