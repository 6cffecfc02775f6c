import { createHash } from 'node:crypto';
import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { Manifest, Summary } from './manifest.ts';

export interface Table {
  readonly name: string;
  /** Those that can be written: generated ones make themselves. */
  readonly columns: readonly string[];
  /** SQL that orders the rows the same on every server. */
  readonly orderBy: string;
}

/** Prisma's own history; its content is what the migrations leave behind. */
const HISTORY_TABLE = '_prisma_migrations';
/** Ties a database to where its bytes are: a copy of the rows rests somewhere else. */
const INSTALLATION_TABLE = 'installation';
const quote = pg.escapeIdentifier;

/** Values are written the same way whatever the server's or the role's settings. */
export async function setTextForms(client: pg.Client): Promise<void> {
  await client.query(`
    SET datestyle = 'ISO, YMD'; SET intervalstyle = 'postgres'; SET timezone = 'UTC';
    SET extra_float_digits = 1; SET bytea_output = 'hex'; SET statement_timeout = 0; SET lock_timeout = 0;
    SET idle_in_transaction_session_timeout = 0`);
}

interface ColumnRow {
  readonly table: string;
  readonly column: string;
  readonly key_position: number | null;
  readonly is_text: boolean;
}

async function readColumns(client: pg.Client): Promise<ColumnRow[]> {
  const { rows } = await client.query<ColumnRow>(
    `SELECT c.relname AS table, a.attname AS column, a.attcollation <> 0 AS is_text,
            array_position(i.indkey::int2[], a.attnum)::int AS key_position
       FROM pg_class c
       JOIN pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
       LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
      WHERE n.nspname = current_schema() AND c.relkind = 'r' AND c.relname <> ALL($1)
      ORDER BY c.relname, a.attnum`,
    [[HISTORY_TABLE, INSTALLATION_TABLE]],
  );
  return rows;
}

async function readReferences(client: pg.Client): Promise<{ from: string; to: string }[]> {
  const { rows } = await client.query<{ from: string; to: string }>(
    `SELECT f.relname AS from, t.relname AS to
       FROM pg_constraint k JOIN pg_class f ON f.oid = k.conrelid JOIN pg_class t ON t.oid = k.confrelid
       JOIN pg_namespace n ON n.oid = f.relnamespace
      WHERE k.contype = 'f' AND n.nspname = current_schema() AND f.oid <> t.oid`,
  );
  return rows;
}

/** Referenced tables before those that refer to them, so that rows can be written under their foreign keys. */
export function sortByReference(
  names: readonly string[],
  references: readonly { from: string; to: string }[],
): string[] {
  const sorted: string[] = [];
  const visit = (name: string, path: readonly string[]): void => {
    if (sorted.includes(name)) return;
    if (path.includes(name))
      throw new Error(`tables refer to each other in a circle: ${[...path, name].join(' → ')}`);
    for (const { from, to } of references) if (from === name) visit(to, [...path, name]);
    sorted.push(name);
  };
  for (const name of names) visit(name, []);
  return sorted;
}

function toTable(name: string, rows: readonly ColumnRow[]): Table {
  const own = rows.filter(({ table }) => table === name);
  const keys = own.filter(({ key_position }) => key_position !== null);
  const order = (
    keys.length > 0 ? keys.sort((a, b) => (a.key_position ?? 0) - (b.key_position ?? 0)) : own
  ).map(({ column, is_text }) => `${quote(column)}${is_text ? ' COLLATE "C"' : ''}`);
  return { name, columns: own.map(({ column }) => column), orderBy: order.join(', ') };
}

/** Every table of ours, in an order they can be written in. */
export async function listTables(client: pg.Client): Promise<Table[]> {
  const columns = await readColumns(client);
  const names = [...new Set(columns.map(({ table }) => table))];
  return sortByReference(names, await readReferences(client)).map((name) => toTable(name, columns));
}

/** The history of the schema, in order. */
export async function readMigrations(client: pg.Client): Promise<Manifest['migrations']> {
  const { rows } = await client.query<{ name: string; checksum: string }>(
    `SELECT migration_name AS name, checksum FROM ${HISTORY_TABLE}
      WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL ORDER BY migration_name`,
  );
  return rows;
}

export async function readPostgresMajor(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ version: number }>(
    `SELECT current_setting('server_version_num')::int AS version`,
  );
  return Math.floor((rows[0]?.version ?? 0) / 10_000);
}

export async function readSequences(client: pg.Client): Promise<Summary['sequences']> {
  const { rows: names } = await client.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = current_schema() AND c.relkind = 'S' ORDER BY 1`,
  );
  const sequences: Summary['sequences'] = [];
  for (const { name } of names) {
    const { rows } = await client.query<{ value: string; isCalled: boolean }>(
      `SELECT last_value::text AS value, is_called AS "isCalled" FROM ${quote(name)}`,
    );
    if (rows[0]) sequences.push({ name, ...rows[0] });
  }
  return sequences;
}

/** A table's rows as COPY text: one line each, line breaks inside values escaped. */
export function copyOut(client: pg.Client, { name, columns, orderBy }: Table): AsyncIterable<Buffer> {
  const list = columns.map(quote).join(', ');
  return client.query(copyTo(`COPY (SELECT ${list} FROM ${quote(name)} ORDER BY ${orderBy}) TO STDOUT`));
}

/** Counts and digests rows as they pass. */
export class RowDigest {
  #hash = createHash('sha256');
  #rows = 0;

  add(bytes: Buffer): void {
    this.#hash.update(bytes);
    for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) this.#rows += 1;
  }

  finish(): { rows: number; sha256: string } {
    return { rows: this.#rows, sha256: this.#hash.digest('hex') };
  }
}
