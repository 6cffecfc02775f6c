import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { createFile, replaceFile } from '@callbay/runtime';
import pg from 'pg';
import { BlobDigest } from './blob-digest.ts';
import { BackupError } from './errors.ts';
import {
  type BackupEntry,
  fingerprintOf,
  MANIFEST_NAME,
  type Manifest,
  parseManifest,
  parseSummary,
  readEntries,
  readManifest,
  readSmall,
  SUMMARY_NAME,
  type Summary,
} from './manifest.ts';
import type { OnProgress } from './progress.ts';
import { emptyTables, setSequences, setUserTriggers, TableWriter, verifyTables } from './restore-tables.ts';
import { assertEmpty, assertFits, assertUnused } from './restore-target.ts';
import type { BytesRestore, StoredBytes } from './stored-bytes.ts';
import { listTables, setTextForms, type Table } from './tables.ts';

export interface RestoreOptions {
  readonly file: string;
  /** A database whose schema is migrated already. */
  readonly connectionString: string;
  readonly bytes: StoredBytes;
  /** The target's key; null when it has none yet and takes the backup's. */
  readonly secretKey: Buffer | null;
  /** Where the kept key files go, by name. Those that are there already stay. */
  readonly keyFiles: Readonly<Record<string, string>>;
  /** Replaces what the target holds. */
  readonly isForced?: boolean;
  readonly onProgress?: OnProgress;
}

export interface RestoreResult {
  readonly createdAt: string;
  readonly rows: number;
  readonly blobs: number;
}

/** The key that the restored secrets open with must be the target's, before anything is touched. */
function assertKey(manifest: Manifest, options: RestoreOptions): void {
  if (!options.secretKey || fingerprintOf(options.secretKey) === manifest.keyFingerprint) return;
  throw new BackupError(
    'WRONG_KEY',
    "its secrets are sealed under another key: set CALLBAY_SECRET_KEY to that one, or move the target's secret.key away",
  );
}

/** The path of a blob inside the archive, or a refusal: an archive may have been tampered with. */
function checkPath(path: string): string {
  const isPlain = posix.normalize(path) === path && !path.startsWith('/') && !/^\.\.(\/|$)|[\0\\]/.test(path);
  if (isPlain && path !== '' && path !== '.') return path;
  throw new BackupError('DAMAGED', `it holds a path that leads out of its folder: ${path}`);
}

async function addBlob(
  restore: BytesRestore,
  entry: BackupEntry,
  path: string,
): Promise<{ sizeBytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  async function* pass(): AsyncGenerator<Uint8Array> {
    for await (const bytes of entry) {
      hash.update(bytes);
      sizeBytes += bytes.length;
      yield bytes;
    }
  }
  await restore.add(checkPath(path), pass());
  return { sizeBytes, sha256: hash.digest('hex') };
}

interface Read {
  readonly summary: Summary;
  readonly keys: ReadonlyMap<string, Buffer>;
}

/** Reads the archive once, front to back: rows into the open transaction, blobs into `restore`. */
async function readAll(
  options: RestoreOptions,
  client: pg.Client,
  tables: readonly Table[],
  restore: BytesRestore,
): Promise<Read> {
  const writer = new TableWriter(client, tables);
  const blobs = new BlobDigest();
  const keys = new Map<string, Buffer>();
  let summary: Summary | null = null;
  for await (const entry of readEntries(options.file)) {
    const { name } = entry.header;
    const [kind, ...rest] = name.split('/');
    if (kind === 'tables' && rest[0]) {
      await writer.write(rest[0], await readChunk(entry));
      options.onProgress?.({ phase: 'tables', what: rest[0], bytes: 0 });
    } else if (kind === 'blobs') {
      const path = rest.join('/');
      const { sizeBytes, sha256 } = await addBlob(restore, entry, path);
      blobs.add(path, sizeBytes, sha256);
      options.onProgress?.({ phase: 'blobs', what: String(blobs.count), bytes: blobs.bytes });
    } else if (kind === 'keys' && rest[0]) keys.set(rest[0], await readSmall(entry));
    else if (name === SUMMARY_NAME) summary = parseSummary(await readSmall(entry));
    else if (name === MANIFEST_NAME) parseManifest(await readSmall(entry));
    else throw new BackupError('DAMAGED', `it holds something unknown: ${name}`);
  }
  await writer.finish();
  if (!summary) throw new BackupError('DAMAGED', 'it ends before its summary: the file was cut short');
  if (blobs.finish().sha256 !== summary.blobs.sha256)
    throw new BackupError('DAMAGED', 'its blobs are not the ones that were saved');
  return { summary, keys };
}

const MAX_CHUNK_FILE_BYTES = 128 * 1024 * 1024;

async function readChunk(entry: BackupEntry): Promise<Buffer> {
  if ((entry.header.size ?? 0) > MAX_CHUNK_FILE_BYTES)
    throw new BackupError('DAMAGED', `${entry.header.name} is too large`);
  const parts: Uint8Array[] = [];
  for await (const part of entry) parts.push(part);
  return Buffer.concat(parts);
}

async function writeKeyFiles(
  options: RestoreOptions,
  manifest: Manifest,
  keys: ReadonlyMap<string, Buffer>,
): Promise<void> {
  for (const [name, path] of Object.entries(options.keyFiles)) {
    const bytes = keys.get(name);
    if (!bytes) continue;
    // Without force, another key under that name is the target's own; `assertKey` has judged the one that matters.
    if (options.isForced) await replaceFile(path, bytes);
    else await createFile(path, bytes);
  }
  if (manifest.migrations.length === 0) throw new BackupError('DAMAGED', 'it names no migration');
}

async function restoreInto(
  client: pg.Client,
  manifest: Manifest,
  options: RestoreOptions,
): Promise<RestoreResult> {
  await setTextForms(client);
  await client.query('BEGIN');
  const tables = await listTables(client);
  await assertFits(client, manifest, tables);
  await assertUnused(client);
  const isForced = options.isForced === true;
  if (!isForced) await assertEmpty(client, tables, options.bytes);
  const restore = await options.bytes.startRestore({ isForced });
  try {
    await emptyTables(client, tables);
    await setUserTriggers(client, tables, 'DISABLE');
    const { summary, keys } = await readAll(options, client, tables, restore);
    await setSequences(client, summary.sequences);
    const rows = await verifyTables(client, tables, summary, options.onProgress);
    await setUserTriggers(client, tables, 'ENABLE');
    await writeKeyFiles(options, manifest, keys);
    await restore.swap();
    await client.query('COMMIT');
    await restore.finish();
    return { createdAt: manifest.createdAt, rows, blobs: summary.blobs.count };
  } finally {
    await restore.discard();
  }
}

/**
 * Puts a backup back, whole or not at all: rows are committed only after every row and blob came back as it was written
 * down. Memory stays flat. Throws BackupError.
 */
export async function restoreBackup(options: RestoreOptions): Promise<RestoreResult> {
  const manifest = await readManifest(options.file);
  assertKey(manifest, options);
  const client = new pg.Client({
    connectionString: options.connectionString,
    application_name: 'callbay-restore',
  });
  // A connection that breaks rejects the running query too.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await restoreInto(client, manifest, options);
  } catch (error) {
    // tar-stream tells an archive's early end to whoever reads the entry that was cut.
    if ((error as Error).message !== 'Unexpected end of data') throw error;
    throw new BackupError('DAMAGED', 'the file was cut short', { cause: error });
  } finally {
    // Ending the connection rolls back what was not committed.
    await client.end();
  }
}
