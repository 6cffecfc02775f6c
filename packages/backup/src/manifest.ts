import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { extract, type Header } from 'tar-stream';
import { z } from 'zod';
import { BackupError } from './errors.ts';

export const FORMAT = 1;

const manifestSchema = z.object({
  product: z.literal('callbay'),
  format: z.int(),
  createdAt: z.iso.datetime(),
  postgresMajor: z.int(),
  /** All that were applied, in order: the schema is these, and nothing else is kept of it. */
  migrations: z.array(z.object({ name: z.string(), checksum: z.string() })),
  tables: z.array(z.object({ name: z.string(), columns: z.array(z.string()) })),
  /** Reports whether a key is the one the secrets are sealed under, and nothing of the key. */
  keyFingerprint: z.string(),
});

const summarySchema = z.object({
  tables: z.record(z.string(), z.object({ rows: z.int(), sha256: z.string() })),
  sequences: z.array(z.object({ name: z.string(), value: z.string(), isCalled: z.boolean() })),
  blobs: z.object({ count: z.int(), bytes: z.int(), sha256: z.string() }),
});

/** The first entry: what the backup needs to be restored. */
export type Manifest = z.infer<typeof manifestSchema>;
/** The last entry: what it holds, so that a file cut short is never taken for whole. */
export type Summary = z.infer<typeof summarySchema>;

/** One file inside the archive. */
export interface BackupEntry extends AsyncIterable<Uint8Array> {
  readonly header: Header;
}

export const MANIFEST_NAME = 'manifest.json';
export const SUMMARY_NAME = 'summary.json';

export const fingerprintOf = (secretKey: Buffer): string =>
  createHash('sha256').update('callbay-backup-key\0').update(secretKey).digest('hex').slice(0, 32);

function parse<T>(schema: z.ZodType<T>, bytes: Buffer, name: string): T {
  try {
    return schema.parse(JSON.parse(bytes.toString('utf8')));
  } catch (error) {
    throw new BackupError('NOT_A_BACKUP', `its ${name} is not one of ours`, { cause: error });
  }
}

export function parseManifest(bytes: Buffer): Manifest {
  const manifest = parse(manifestSchema, bytes, MANIFEST_NAME);
  if (manifest.format === FORMAT) return manifest;
  throw new BackupError(
    'NOT_A_BACKUP',
    `it has format ${manifest.format}, and this Callbay reads ${FORMAT}: restore it with the Callbay that wrote it`,
  );
}

export const parseSummary = (bytes: Buffer): Summary => parse(summarySchema, bytes, SUMMARY_NAME);

/** The entries of a backup in order. Each must be read or resumed before the next comes. */
export async function* readEntries(file: string): AsyncGenerator<BackupEntry> {
  const unpack = extract();
  const source = createReadStream(file, { highWaterMark: 1024 * 1024 });
  source.on('error', (error) => unpack.destroy(error));
  source.pipe(unpack as unknown as NodeJS.WritableStream);
  try {
    for await (const entry of unpack) yield entry as unknown as BackupEntry;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw error;
    if (error instanceof BackupError) throw error;
    throw new BackupError(
      'DAMAGED',
      `the file is not a complete Callbay backup: ${(error as Error).message}`,
      {
        cause: error,
      },
    );
  } finally {
    source.destroy();
  }
}

const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

/** Reads a small entry whole. */
export async function readSmall(entry: BackupEntry): Promise<Buffer> {
  if ((entry.header.size ?? 0) > MAX_MANIFEST_BYTES)
    throw new BackupError('DAMAGED', `${entry.header.name} is too large`);
  return buffer(entry);
}

/** What a backup needs, without reading on. Throws NOT_A_BACKUP. */
export async function readManifest(file: string): Promise<Manifest> {
  for await (const entry of readEntries(file)) {
    if (entry.header.name !== MANIFEST_NAME) break;
    return parseManifest(await readSmall(entry));
  }
  throw new BackupError('NOT_A_BACKUP', `${file} does not begin with a manifest of ours`);
}
