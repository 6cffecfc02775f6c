/**
 * Runs in a pool process that may die: the only place where untrusted bytes are parsed. It has no database URL, no
 * secret, and a heap limit; it answers plain values.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { issue } from '@callbay/core';
import { inspectMedia, type MediaInspection } from '@callbay/media';
import { METADATA_LIMITS, type MetadataFormat, type ParsedMetadata, parseMetadata } from '@callbay/metadata';
import { endWithParent } from '../reading/end-with-parent.ts';

export interface InspectTask {
  readonly path: string;
  readonly ext: string;
  readonly sizeBytes: number;
  /** Null: only the digest is wanted. */
  readonly read:
    | { readonly as: 'media' }
    | { readonly as: 'metadata'; readonly format: MetadataFormat; readonly isList: boolean }
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
    task.read?.as === 'metadata' ? await parse(task.path, task.read.format, task.read.isList) : null;
  return {
    sha256: await sha256Of(task.path),
    metadata,
    header: metadata?.header ?? null,
    media: task.read?.as === 'media' ? await inspectMedia(task) : null,
  };
}

/** Of a CSV over the limit of a sidecar only the first rows: they tell that it is a batch, which is read row by row. */
async function parse(path: string, format: MetadataFormat, isList: boolean): Promise<ParsedMetadata> {
  const bytes = await readHead(path);
  const isLong = format === 'csv' && bytes.length > METADATA_LIMITS.bytes;
  const parsed = parseMetadata({ format, isList, bytes: isLong ? firstRows(bytes) : bytes });
  return isLong && parsed.header !== null && parsed.rowCount === 0
    ? { ...parsed, issues: [issue('ROW_TOO_LARGE', FIRST_ROW_TOO_LARGE)] }
    : parsed;
}

const FIRST_ROWS_BYTES = 1024 * 1024;
const FIRST_ROW_TOO_LARGE = `The first row below the header is over ${METADATA_LIMITS.rowLength} characters.`;

/** Whole lines of the beginning, in any encoding that we read; all where there is no line so short. */
function firstRows(bytes: Buffer): Buffer {
  const end = bytes.lastIndexOf('\n', FIRST_ROWS_BYTES) + 1;
  if (end === 0) return bytes;
  // The second half of a line feed in UTF-16LE.
  return bytes.subarray(0, end % 2 === 1 && bytes[end] === 0 ? end + 1 : end);
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

endWithParent();
