import { createHash, type Hash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { access, open, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import pg from 'pg';
import { pack as createPack, type Pack } from 'tar-stream';
import { BlobDigest } from './blob-digest.ts';
import { BackupError } from './errors.ts';
import { openIfThere, syncFolder } from './folder-bytes.ts';
import {
  FORMAT,
  fingerprintOf,
  MANIFEST_NAME,
  type Manifest,
  SUMMARY_NAME,
  type Summary,
} from './manifest.ts';
import type { OnProgress } from './progress.ts';
import type { StoredBytes } from './stored-bytes.ts';
import {
  copyOut,
  listTables,
  RowDigest,
  readMigrations,
  readPostgresMajor,
  readSequences,
  setTextForms,
  type Table,
} from './tables.ts';

const compress = promisify(gzip);
/** Rows are gathered to about this much before they become an entry: a tar wants sizes beforehand. */
const CHUNK_BYTES = 8 * 1024 * 1024;

export interface BackupOptions {
  /** The file to make; it must not be there. Its mode is 0600: it holds keys. */
  readonly file: string;
  readonly connectionString: string;
  readonly bytes: StoredBytes;
  readonly secretKey: Buffer;
  /** Small files to keep beside, by the name they get; those that are not there are left out. */
  readonly keyFiles: Readonly<Record<string, string>>;
  readonly now: Date;
  readonly onProgress?: OnProgress;
}

export interface BackupResult {
  readonly rows: number;
  readonly blobs: number;
  readonly sizeBytes: number;
}

/** Writes one entry of exactly `size` bytes; resolves when the archive took them. */
async function addEntry(
  pack: Pack,
  name: string,
  size: number,
  parts: AsyncIterable<Buffer> | Iterable<Buffer>,
): Promise<void> {
  const taken = Promise.withResolvers<undefined>();
  const entry = pack.entry({ name, size, mode: 0o600 }, (error) =>
    error ? taken.reject(error) : taken.resolve(undefined),
  );
  for await (const part of parts)
    if (!entry.write(part)) await Promise.race([once(entry, 'drain'), taken.promise]);
  entry.end(null);
  await taken.promise;
}

const addBytes = (pack: Pack, name: string, bytes: Buffer): Promise<void> =>
  addEntry(pack, name, bytes.length, [bytes]);

async function addTable(pack: Pack, client: pg.Client, table: Table, onProgress: OnProgress | undefined) {
  const digest = new RowDigest();
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  let written = 0;
  let chunk = 0;
  const flush = async (): Promise<void> => {
    if (pendingBytes === 0) return;
    chunk += 1;
    const bytes = Buffer.concat(pending, pendingBytes);
    const name = `tables/${table.name}/${String(chunk).padStart(9, '0')}.copy.gz`;
    await addBytes(pack, name, await compress(bytes, { level: constants.Z_BEST_SPEED }));
    written += pendingBytes;
    pending = [];
    pendingBytes = 0;
    onProgress?.({ phase: 'tables', what: table.name, bytes: written });
  };
  for await (const bytes of copyOut(client, table)) {
    digest.add(bytes);
    pending.push(bytes);
    pendingBytes += bytes.length;
    if (pendingBytes >= CHUNK_BYTES) await flush();
  }
  await flush();
  return digest.finish();
}

/** A blob's bytes, digested as they pass. */
async function* hashed(bytes: AsyncIterable<Uint8Array>, hash: Hash): AsyncGenerator<Buffer> {
  for await (const part of bytes) {
    hash.update(part);
    yield part as Buffer;
  }
}

async function addBlobs(
  pack: Pack,
  stored: StoredBytes,
  onProgress: OnProgress | undefined,
): Promise<Summary['blobs']> {
  const all = new BlobDigest();
  for await (const path of stored.list()) {
    const blob = await stored.open(path);
    // Purged since the tables were read: the purge is simply done again after a restore.
    if (blob === null) continue;
    const hash = createHash('sha256');
    await addEntry(pack, `blobs/${path}`, blob.sizeBytes, hashed(blob.bytes, hash));
    all.add(path, blob.sizeBytes, hash.digest('hex'));
    onProgress?.({ phase: 'blobs', what: String(all.count), bytes: all.bytes });
  }
  return all.finish();
}

async function addKeyFiles(pack: Pack, keyFiles: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, path] of Object.entries(keyFiles)) {
    const handle = await openIfThere(path);
    if (!handle) continue;
    await handle.close();
    await addBytes(pack, `keys/${name}`, await readFile(path));
  }
}

async function fill(pack: Pack, client: pg.Client, options: BackupOptions): Promise<Summary> {
  const tables = await listTables(client);
  const manifest: Manifest = {
    product: 'callbay',
    format: FORMAT,
    createdAt: options.now.toISOString(),
    postgresMajor: await readPostgresMajor(client),
    migrations: await readMigrations(client),
    tables: tables.map(({ name, columns }) => ({ name, columns: [...columns] })),
    keyFingerprint: fingerprintOf(options.secretKey),
  };
  await addBytes(pack, MANIFEST_NAME, Buffer.from(JSON.stringify(manifest)));
  await addKeyFiles(pack, options.keyFiles);
  const digests: Summary['tables'] = {};
  for (const table of tables) digests[table.name] = await addTable(pack, client, table, options.onProgress);
  const sequences = await readSequences(client);
  await client.query('COMMIT');
  // Blobs after tables: whatever a row of the snapshot names was there when the snapshot was taken.
  const summary: Summary = {
    tables: digests,
    sequences,
    blobs: await addBlobs(pack, options.bytes, options.onProgress),
  };
  await addBytes(pack, SUMMARY_NAME, Buffer.from(JSON.stringify(summary)));
  pack.finalize();
  return summary;
}

/** An archive's stream is of another library's making: this is the one thing both agree on. */
async function* bytesOf(pack: Pack): AsyncGenerator<Uint8Array> {
  for await (const bytes of pack) yield bytes as Uint8Array;
}

async function refuseExisting(file: string): Promise<void> {
  const isThere = await access(file).then(
    () => true,
    () => false,
  );
  if (isThere) throw new BackupError('FILE_EXISTS', `${file} is there already: name another file`);
}

const isFileError = (error: unknown): boolean =>
  (error as Partial<NodeJS.ErrnoException> | null)?.syscall !== undefined;

async function writeDraft(draft: string, options: BackupOptions): Promise<Summary> {
  const client = new pg.Client({
    connectionString: options.connectionString,
    application_name: 'callbay-backup',
  });
  // A connection that breaks rejects the running query too.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await setTextForms(client);
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const pack = createPack({ highWaterMark: 1024 * 1024 });
    const writing = pipeline(
      bytesOf(pack),
      createWriteStream(draft, { flags: 'wx', mode: 0o600, flush: true }),
    );
    const filling = fill(pack, client, options).catch((error: unknown) => {
      pack.destroy(error as Error);
      throw error;
    });
    const [filled, written] = await Promise.allSettled([filling, writing]);
    // Of a file that could not be made the archive only knows that it was given up.
    if (written.status === 'rejected' && isFileError(written.reason)) throw written.reason;
    if (written.status === 'rejected') throw filled.status === 'rejected' ? filled.reason : written.reason;
    if (filled.status === 'rejected') throw filled.reason;
    return filled.value;
  } finally {
    await client.end();
  }
}

/**
 * Writes everything into one file: tables as of one instant, then blobs. It may run while Callbay works. The file
 * appears under its name only when it is whole and on disk. Memory stays flat. Throws BackupError FILE_EXISTS.
 */
export async function writeBackup(options: BackupOptions): Promise<BackupResult> {
  await refuseExisting(options.file);
  const draft = join(dirname(options.file), `.${basename(options.file)}.${process.pid}.partial`);
  try {
    const summary = await writeDraft(draft, options);
    const handle = await open(draft, 'r');
    const { size } = await handle.stat();
    await handle.close();
    await rename(draft, options.file);
    await syncFolder(dirname(options.file));
    const rows = Object.values(summary.tables).reduce((sum, table) => sum + table.rows, 0);
    return { rows, blobs: summary.blobs.count, sizeBytes: size };
  } finally {
    await rm(draft, { force: true });
  }
}
