/**
 * Runs in a pool process that may die: the only place where untrusted bytes are parsed. It has no database URL, no
 * secret, and a heap limit; it answers plain values.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { inspectMedia, type MediaInspection } from '@callbay/media';
import {
  CsvStream,
  EncodingDetector,
  METADATA_LIMITS,
  type MetadataFormat,
  type ParsedMetadata,
  parseMetadata,
} from '@callbay/metadata';

export interface InspectTask {
  readonly path: string;
  readonly ext: string;
  readonly sizeBytes: number;
  /** Null: only the digest is wanted. */
  readonly read:
    | { readonly as: 'media' }
    | { readonly as: 'metadata'; readonly format: MetadataFormat }
    | null;
}

export interface Inspection {
  readonly sha256: string;
  readonly media: MediaInspection | null;
  readonly metadata: ParsedMetadata | null;
  /** Columns of a CSV, of any size; null for other files, and where it has no header that can be used. */
  readonly header: readonly string[] | null;
}

export async function inspect(task: InspectTask): Promise<Inspection> {
  const metadata =
    task.read?.as === 'metadata' ? parseMetadata({ ...task.read, bytes: await readHead(task.path) }) : null;
  const isLargeCsv = metadata?.format === 'csv' && task.sizeBytes > METADATA_LIMITS.bytes;
  return {
    sha256: await sha256Of(task.path),
    metadata,
    header: isLargeCsv ? await readCsvHeader(task.path) : (metadata?.header ?? null),
    media: task.read?.as === 'media' ? await inspectMedia(task) : null,
  };
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(chunk);
  return hash.digest('hex');
}

/** One byte over the limit is enough for the parser to refuse the rest unread. */
async function readHead(path: string): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const buffer = Buffer.alloc(Math.min(size, METADATA_LIMITS.bytes + 1));
    let filled = 0;
    while (filled < buffer.length) {
      const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return buffer.subarray(0, filled);
  } finally {
    await file.close();
  }
}

/** The columns of a CSV that is too large to be call metadata, from its first bytes. */
async function readCsvHeader(path: string): Promise<readonly string[] | null> {
  const chunks = createReadStream(path, { end: METADATA_LIMITS.rowLength - 1 });
  const head = Buffer.concat(await chunks.toArray());
  const detector = new EncodingDetector();
  detector.push(head.subarray(0, head.lastIndexOf(0x0a) + 1));
  const text = new TextDecoder(detector.finish() ?? 'utf-8').decode(head);
  for (const row of new CsvStream().push(text, false)) return row.kind === 'header' ? row.header.names : null;
  return null;
}

// A parser that spins never hears that its parent died, so a thread of its own watches the parent.
new Worker(
  `const parent = process.ppid;
   setInterval(() => { if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL'); }, 2000);`,
  { eval: true, resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 2 } },
).unref();
