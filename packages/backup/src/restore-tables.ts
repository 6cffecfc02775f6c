import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import pg from 'pg';
import { type CopyStreamQuery, from as copyFrom } from 'pg-copy-streams';
import { BackupError } from './errors.ts';
import type { Summary } from './manifest.ts';
import type { OnProgress } from './progress.ts';
import { copyOut, RowDigest, type Table } from './tables.ts';

const decompress = promisify(gunzip);
/** Eight times what we put into a chunk at most: beyond that it is a bomb. */
const MAX_CHUNK_BYTES = 64 * 1024 * 1024;
const quote = pg.escapeIdentifier;

/** Writes tables one after another out of their chunks, as they come. */
export class TableWriter {
  readonly #client: pg.Client;
  readonly #tables: readonly Table[];
  #open: { readonly name: string; readonly stream: CopyStreamQuery } | null = null;

  constructor(client: pg.Client, tables: readonly Table[]) {
    this.#client = client;
    this.#tables = tables;
  }

  async write(name: string, chunk: Buffer): Promise<void> {
    if (this.#open?.name !== name) {
      await this.finish();
      this.#open = { name, stream: this.#start(name) };
    }
    const stream = this.#open?.stream;
    const rows = await decompress(chunk, { maxOutputLength: MAX_CHUNK_BYTES }).catch((cause: unknown) => {
      throw new BackupError('DAMAGED', `a chunk of table ${name} cannot be read`, { cause });
    });
    if (stream && !stream.write(rows)) await once(stream, 'drain');
  }

  async finish(): Promise<void> {
    const stream = this.#open?.stream;
    this.#open = null;
    if (!stream) return;
    stream.end();
    await finished(stream);
  }

  #start(name: string): CopyStreamQuery {
    const table = this.#tables.find((one) => one.name === name);
    if (!table) throw new BackupError('DAMAGED', `it holds a table ${name} that its manifest does not name`);
    const stream = this.#client.query(
      copyFrom(`COPY ${quote(name)} (${table.columns.map(quote).join(', ')}) FROM STDIN`),
    );
    // A restore that fails elsewhere ends the connection under it; its own failures reach `write` and `finish`.
    stream.on('error', () => undefined);
    return stream;
  }
}

/** Triggers of ours would act on rows that only come back. Foreign keys stay on guard. */
export async function setUserTriggers(
  client: pg.Client,
  tables: readonly Table[],
  state: 'ENABLE' | 'DISABLE',
): Promise<void> {
  for (const { name } of tables) await client.query(`ALTER TABLE ${quote(name)} ${state} TRIGGER USER`);
}

export async function emptyTables(client: pg.Client, tables: readonly Table[]): Promise<void> {
  if (tables.length > 0) await client.query(`TRUNCATE ${tables.map(({ name }) => quote(name)).join(', ')}`);
}

export async function setSequences(client: pg.Client, sequences: Summary['sequences']): Promise<void> {
  for (const { name, value, isCalled } of sequences) {
    await client.query('SELECT setval($1::regclass, $2::bigint, $3)', [quote(name), value, isCalled]);
  }
}

/** Reads every table back and compares it with what was written down. Throws DAMAGED. */
export async function verifyTables(
  client: pg.Client,
  tables: readonly Table[],
  summary: Summary,
  onProgress: OnProgress | undefined,
): Promise<number> {
  let rows = 0;
  for (const table of tables) {
    const digest = new RowDigest();
    for await (const bytes of copyOut(client, table)) digest.add(bytes);
    const found = digest.finish();
    const expected = summary.tables[table.name];
    if (found.sha256 !== expected?.sha256 || found.rows !== expected.rows) {
      throw new BackupError(
        'DAMAGED',
        `table ${table.name} came back different: ${found.rows} rows of ${expected?.rows ?? 'none'}`,
      );
    }
    rows += found.rows;
    onProgress?.({ phase: 'verifying', what: table.name, bytes: 0 });
  }
  return rows;
}
