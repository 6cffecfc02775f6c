/**
 * Runs in a pool process that may die: the only place where untrusted bytes are parsed. It has no database URL, no
 * secret, and a heap limit; it answers plain values.
 */
import { createHash, hash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { CallbayError, issue, type MediaPrefix } from '@callbay/core';
import { inspectMedia } from '@callbay/media';
import { METADATA_LIMITS, type MetadataFormat, type ParsedMetadata, parseMetadata } from '@callbay/metadata';
import { serveTasks } from '../reading/serve-tasks.ts';
import type { Inspection, InspectionFailure, InspectTask } from './inspection.ts';

/** Files in turn. What befalls one of them is its own result, as long as this process lives. */
async function inspectAll(tasks: readonly InspectTask[]): Promise<(Inspection | InspectionFailure)[]> {
  const results: (Inspection | InspectionFailure)[] = [];
  for (const task of tasks) results.push(await inspect(task).catch(failureOf));
  return results;
}

const failureOf = (error: unknown): InspectionFailure => {
  const cause = error instanceof Error ? error : new Error(String(error));
  if (error instanceof CallbayError) {
    return { failed: error.code === 'BLOB_MISSING' ? 'missing' : 'store', cause };
  }
  return { failed: 'unreadable', cause };
};

/** What is no longer is read whole, once; of the rest only the head is kept. */
const WHOLE_BYTES = METADATA_LIMITS.bytes;
const CHUNK_BYTES = 256 * 1024;

/** One buffer for the whole life of the process: the garbage of a new one for each file costs more than the reading. */
let buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);

async function inspect(task: InspectTask): Promise<Inspection> {
  const fd = storageCall(() => openSync(task.path, 'r'));
  try {
    const { size } = storageCall(() => fstatSync(fd));
    if (size !== task.sizeBytes) {
      throw new CallbayError('BLOB_MISSING', `The store holds ${size} bytes of ${task.sizeBytes}.`);
    }
    const isWhole = size <= WHOLE_BYTES;
    const wantsHead = isWhole || task.read?.as === 'metadata';
    // One byte over the limit is enough for the parser to refuse the rest unread.
    const head = wantsHead ? readHead(fd, Math.min(size, WHOLE_BYTES + 1)) : null;
    const { read } = task;
    const wholeDigest = isWhole ? hash('sha256', head!, 'hex') : null;
    const metadata = read?.as === 'metadata' ? parse(head!, read) : null;
    const media = read?.as === 'media' ? await inspectMedia({ ...task, bytes: isWhole ? head : null }) : null;
    const prefixSizes = read?.as === 'media' ? read.prefixSizes.filter((wanted) => wanted < size) : [];
    // A digest of the whole alone is made in one call.
    const { sha256, prefixes } =
      wholeDigest === null || prefixSizes.length > 0
        ? hashFile(fd, prefixSizes)
        : { sha256: wholeDigest, prefixes: [] };
    return { sha256, prefixes, media, metadata, header: metadata?.header ?? null };
  } finally {
    closeSync(fd);
  }
}

function readHead(fd: number, length: number): Buffer {
  if (buffer.length < length)
    buffer = Buffer.allocUnsafeSlow(Math.min(2 ** Math.ceil(Math.log2(length)), WHOLE_BYTES + 1));
  let filled = 0;
  while (filled < length) {
    const count = storageCall(() => readSync(fd, buffer, filled, length - filled, filled));
    if (count === 0) throw new CallbayError('BLOB_MISSING', 'The stored bytes shrank while they were read.');
    filled += count;
  }
  return buffer.subarray(0, length);
}

/** The digest of a file, and of its beginning at each of some sizes. */
function hashFile(fd: number, prefixSizes: readonly number[]): { sha256: string; prefixes: MediaPrefix[] } {
  const digest = createHash('sha256');
  const wanted = [...prefixSizes].sort((a, b) => a - b);
  const prefixes: MediaPrefix[] = [];
  for (let position = 0; ; ) {
    const next = wanted[prefixes.length];
    const length = Math.min(CHUNK_BYTES, next === undefined ? CHUNK_BYTES : next - position);
    const count = storageCall(() => readSync(fd, buffer, 0, length, position));
    if (count === 0) return { sha256: digest.digest('hex'), prefixes };
    digest.update(buffer.subarray(0, count));
    position += count;
    if (position === next) prefixes.push({ sizeBytes: next, sha256: digest.copy().digest('hex') });
  }
}

/** What a file system says of one file that is gone, damaged or closed to us: judged as missing bytes are. */
const OF_THE_FILE: ReadonlySet<unknown> = new Set(['ENOENT', 'EIO', 'EACCES', 'EPERM', 'ENXIO', 'EISDIR']);

/** All else that a file system refuses is its own fault, or this machine's, and says nothing about the file. */
function storageCall<T>(call: () => T): T {
  try {
    return call();
  } catch (cause) {
    const isOfFile = cause instanceof Error && 'code' in cause && OF_THE_FILE.has(cause.code);
    throw new CallbayError(isOfFile ? 'BLOB_MISSING' : 'UNAVAILABLE', undefined, { cause });
  }
}

type MetadataTask = Extract<InspectTask['read'], { as: 'metadata' }>;

/** Of a CSV over the limit of a sidecar only the first rows: enough to see that it is a batch, which is read row by row. */
function parse(
  bytes: Buffer,
  { format, isList, records: path = null, encoding }: MetadataTask,
): ParsedMetadata {
  const isLong = format === 'csv' && bytes.length > METADATA_LIMITS.bytes;
  const parsed = parseMetadata({
    format,
    isList,
    records: path,
    encoding,
    bytes: isLong ? firstRows(bytes) : bytes,
  });
  // Of many records only their number is asked: a batch is read by another process.
  const records = parsed.records.slice(0, 1);
  return isLong && parsed.header !== null && parsed.rowCount === 0
    ? { ...parsed, records, issues: [issue('ROW_TOO_LARGE', FIRST_ROW_TOO_LARGE)] }
    : { ...parsed, records };
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

const SAMPLES = { json: '{"a":"1"}', xml: '<a><b>1</b></a>', csv: 'a,b\n1,2\n', yaml: 'a: 1\n' } as const;

/** Loads and runs every parser once: the first file of a kind must not wait for that. */
async function warmUp(): Promise<void> {
  for (const [format, text] of Object.entries(SAMPLES)) {
    parseMetadata({ format: format as MetadataFormat, bytes: Buffer.from(text) });
  }
}

const tasks = { inspectAll };
export type InspectTasks = typeof tasks;
await serveTasks(tasks, warmUp);
