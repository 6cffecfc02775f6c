import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CallbayError } from '@callbay/core';
import pg from 'pg';
import { translatePgError } from './pg-errors.ts';

/** Where Prisma Migrate keeps the committed SQL. */
const MIGRATIONS_FOLDER = join(import.meta.dirname, '../../../../prisma/migrations');

/** The key Prisma's own command line locks, so that neither runs beside the other. */
const PRISMA_LOCK_KEY = 72_707_369;
const LOCK_WAIT_MS = 120_000;

/** Prisma's table to the letter: `prisma migrate status` reads what we wrote, and we what it wrote. */
const CREATE_TABLE = `CREATE TABLE IF NOT EXISTS _prisma_migrations (
    id                      VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum                VARCHAR(64) NOT NULL,
    finished_at             TIMESTAMPTZ,
    migration_name          VARCHAR(255) NOT NULL,
    logs                    TEXT,
    rolled_back_at          TIMESTAMPTZ,
    started_at              TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count     INTEGER NOT NULL DEFAULT 0
)`;

interface Migration {
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

interface Applied {
  readonly migration_name: string;
  readonly checksum: string;
  readonly finished_at: Date | null;
}

async function readMigrations(folder: string): Promise<Migration[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    names.sort().map(async (name) => {
      const bytes = await readFile(join(folder, name, 'migration.sql'));
      return {
        name,
        sql: bytes.toString('utf8'),
        checksum: createHash('sha256').update(bytes).digest('hex'),
      };
    }),
  );
}

/** Throws CONFLICT where the database's history is not the beginning of ours. */
function assertKnownHistory(applied: readonly Applied[], ours: readonly Migration[]): void {
  const byName = new Map(ours.map((migration) => [migration.name, migration]));
  for (const row of applied) {
    const known = byName.get(row.migration_name);
    const refuse = (why: string): never => {
      throw new CallbayError('CONFLICT', `Migration ${row.migration_name} ${why}`);
    };
    if (!known) {
      refuse('is unknown here: newer software wrote this database. Start that version, or restore a backup.');
    } else if (row.finished_at === null) {
      refuse('failed half-way. Repair the database and mark it with `npm run prisma -- migrate resolve`.');
    } else if (row.checksum !== known.checksum) {
      refuse('was changed after it was applied. Restore the committed file.');
    }
  }
}

/** One transaction holds the migration and its record: one that fails leaves no trace and may be tried again. */
async function applyOne(client: pg.Client, migration: Migration): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(migration.sql);
    await client.query(
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
       VALUES ($1, $2, $3, now(), clock_timestamp(), 1)`,
      [randomUUID(), migration.checksum, migration.name],
    );
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch((cause: unknown) => {
      throw new AggregateError([error, cause], `migration ${migration.name} failed, and so did its rollback`);
    });
    throw error;
  }
}

/** The migrations that this database lacks. Throws CONFLICT where its history is not ours. */
async function findPending(client: pg.Client, ours: readonly Migration[]): Promise<Migration[]> {
  const { rows: applied } = await client.query<Applied>(
    'SELECT migration_name, checksum, finished_at FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY started_at',
  );
  assertKnownHistory(applied, ours);
  const names = new Set(applied.map((row) => row.migration_name));
  return ours.filter((migration) => !names.has(migration.name));
}

/** Whether another node, or an earlier start, has brought this database up to date: then nobody waits, and no owner is needed. */
async function isUpToDate(client: pg.Client, ours: readonly Migration[]): Promise<boolean> {
  const { rows } = await client.query<{ isThere: boolean }>(
    `SELECT to_regclass('_prisma_migrations') IS NOT NULL AS "isThere"`,
  );
  if (rows[0]?.isThere !== true) return false;
  const { rows: unfinished } = await client.query(
    'SELECT FROM _prisma_migrations WHERE finished_at IS NULL AND rolled_back_at IS NULL LIMIT 1',
  );
  return unfinished.length === 0 && (await findPending(client, ours)).length === 0;
}

async function migrate(client: pg.Client, folder: string): Promise<string[]> {
  const ours = await readMigrations(folder);
  if (await isUpToDate(client, ours)) return [];
  await client.query(`SET lock_timeout = ${LOCK_WAIT_MS}`);
  await client.query('SELECT pg_advisory_lock($1)', [PRISMA_LOCK_KEY]);
  await client.query(CREATE_TABLE);
  const pending = await findPending(client, ours);
  for (const migration of pending) await applyOne(client, migration);
  return pending.map((migration) => migration.name);
}

/**
 * Brings a database to the newest migration and answers the names it applied, none where all were. Safe from any
 * number of processes at once: they take turns under Prisma's own advisory lock. Throws CONFLICT, having changed
 * nothing, where the history on record is not ours; a retryable UNAVAILABLE where the database is unavailable.
 */
export async function applyMigrations(
  connectionString: string,
  folder: string = MIGRATIONS_FOLDER,
): Promise<{ applied: string[] }> {
  const client = new pg.Client({
    connectionString,
    application_name: 'callbay-migrate',
    connectionTimeoutMillis: 5_000,
  });
  // A connection that breaks rejects the running query too: this only keeps the process alive to see it.
  client.on('error', () => {});
  try {
    await client.connect();
    return { applied: await migrate(client, folder) };
  } catch (error) {
    throw translatePgError(error);
  } finally {
    await client.end();
  }
}
