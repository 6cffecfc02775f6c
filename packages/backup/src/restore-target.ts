import pg from 'pg';
import { BackupError } from './errors.ts';
import type { Manifest } from './manifest.ts';
import type { StoredBytes } from './stored-bytes.ts';
import { readMigrations, readPostgresMajor, type Table } from './tables.ts';

const quote = pg.escapeIdentifier;

/** Refuses a target whose schema or server the rows would not fit. */
export async function assertFits(
  client: pg.Client,
  manifest: Manifest,
  tables: readonly Table[],
): Promise<void> {
  const major = await readPostgresMajor(client);
  if (major < manifest.postgresMajor) {
    throw new BackupError(
      'WRONG_VERSION',
      `it was made on Postgres ${manifest.postgresMajor}, and the target is the older ${major}`,
    );
  }
  const here = JSON.stringify(await readMigrations(client));
  const shape = (list: readonly { name: string; columns: readonly string[] }[]): string =>
    JSON.stringify(list.map(({ name, columns }) => [name, columns]).sort());
  if (here === JSON.stringify(manifest.migrations) && shape(tables) === shape(manifest.tables)) return;
  const last = manifest.migrations.at(-1)?.name ?? 'none';
  throw new BackupError(
    'WRONG_VERSION',
    `its schema (last migration ${last}) is not this Callbay's: restore it with the Callbay that made it, then upgrade`,
  );
}

/** Refuses while processes of ours are connected: they would act on half a restore. */
export async function assertUnused(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT DISTINCT application_name AS name FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE 'callbay%'`,
  );
  if (rows.length === 0) return;
  throw new BackupError(
    'IN_USE',
    `${rows.map(({ name }) => name).join(', ')} still work on the target: stop Callbay first`,
  );
}

async function findNonEmpty(client: pg.Client, tables: readonly Table[]): Promise<string | null> {
  for (const { name } of tables) {
    const { rows } = await client.query(`SELECT 1 FROM ${quote(name)} LIMIT 1`);
    if (rows.length > 0) return name;
  }
  return null;
}

/** Refuses a target that holds rows or blobs. */
export async function assertEmpty(
  client: pg.Client,
  tables: readonly Table[],
  bytes: StoredBytes,
): Promise<void> {
  const way = 'restore into a new CALLBAY_HOME or database, or add --force to replace what is there';
  const table = await findNonEmpty(client, tables);
  if (table !== null) throw new BackupError('NOT_EMPTY', `the target's table ${table} holds rows: ${way}`);
  for await (const path of bytes.list())
    throw new BackupError('NOT_EMPTY', `the target holds blobs (${path}): ${way}`);
}
