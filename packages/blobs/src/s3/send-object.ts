import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { answerOf } from './s3-errors.ts';

/** One bucket, and the requests that may send bytes to it at once. */
export interface Bucket {
  readonly client: S3Client;
  readonly name: string;
  readonly sending: Slots;
}

/** Bytes of one part: enough for 160 GB in 10,000 parts, and little to send again. */
export const PART_BYTES = 16 * 1024 * 1024;
/** Smaller files are one request from memory, signed over their bytes. */
const MEMORY_BYTES = 1024 * 1024;
/** What one stream reads ahead of the socket. */
const READ_BYTES = 256 * 1024;
const ATTEMPTS = 3;
const RETRY_MS = 200;

/** Work of which only so much runs at once, in the order it came. */
export interface Slots {
  run<T>(work: () => Promise<T>): Promise<T>;
}

export function createSlots(total: number): Slots {
  let free = total;
  const waiting: (() => void)[] = [];
  return {
    async run(work) {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        return await work();
      } finally {
        const next = waiting.shift();
        if (next === undefined) free += 1;
        else next();
      }
    },
  };
}

/** Whether the same request may succeed in a moment. */
function isPassing(error: unknown): boolean {
  const { name, status } = answerOf(error);
  if (status === null) return !(error instanceof Error && 'path' in error) && name !== 'TimeoutError';
  return status >= 500 || status === 429 || status === 408;
}

/** A stream of the file's own kind would close the file with itself. */
async function* bytesFrom(file: FileHandle, start: number, bytes: number): AsyncGenerator<Buffer> {
  for (let sent = 0; sent < bytes; ) {
    const length = Math.min(READ_BYTES, bytes - sent);
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(length), 0, length, start + sent);
    if (bytesRead === 0) throw new Error('A file shrank while it was stored.');
    sent += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/** Sends a stream of bytes of a file, which the SDK cannot send again by itself. */
async function sendStream<T>(
  { sending }: Bucket,
  file: FileHandle,
  { start, bytes }: { readonly start: number; readonly bytes: number },
  send: (body: Readable, abortSignal: AbortSignal) => Promise<T>,
): Promise<T> {
  return sending.run(async () => {
    for (let attempt = 1; ; attempt += 1) {
      const body = Readable.from(bytesFrom(file, start, bytes), { objectMode: false });
      const abort = new AbortController();
      let broken: unknown = null;
      // The SDK does not look after the stream that it reads: its error would end the process, and the request would hang.
      body.on('error', (error) => {
        broken = error;
        abort.abort();
      });
      try {
        return await send(body, abort.signal);
      } catch (error) {
        if (broken !== null) throw broken;
        if (attempt >= ATTEMPTS || !isPassing(error)) throw error;
        await pause(RETRY_MS * 4 ** (attempt - 1));
      } finally {
        body.destroy();
      }
    }
  });
}

/** One request with the whole file. */
export async function putFile(
  bucket: Bucket,
  Key: string,
  file: FileHandle,
  sizeBytes: number,
): Promise<void> {
  const { client, name: Bucket } = bucket;
  const common = { Bucket, Key, ContentLength: sizeBytes };
  if (sizeBytes <= MEMORY_BYTES) {
    const Body = Buffer.alloc(sizeBytes);
    await readWhole(file, Body);
    await bucket.sending.run(() => client.send(new PutObjectCommand({ ...common, Body })));
    return;
  }
  await sendStream(bucket, file, { start: 0, bytes: sizeBytes }, (Body, abortSignal) =>
    client.send(new PutObjectCommand({ ...common, Body }), { abortSignal }),
  );
}

async function readWhole(file: FileHandle, into: Buffer): Promise<void> {
  for (let filled = 0; filled < into.length; ) {
    const { bytesRead } = await file.read(into, filled, into.length - filled, filled);
    if (bytesRead === 0) throw new Error('A file shrank while it was stored.');
    filled += bytesRead;
  }
}

export async function startParts({ client, name: Bucket }: Bucket, Key: string): Promise<string> {
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }));
  if (UploadId === undefined) throw new Error('The server of buckets began an upload without a name.');
  return UploadId;
}

/** Sends part `index`, which counts from zero, and answers its tag. */
export async function sendPart(
  bucket: Bucket,
  { Key, UploadId }: { readonly Key: string; readonly UploadId: string },
  file: FileHandle,
  { index, bytes }: { readonly index: number; readonly bytes: number },
): Promise<string> {
  const { client, name: Bucket } = bucket;
  const { ETag } = await sendStream(bucket, file, { start: index * PART_BYTES, bytes }, (Body, abortSignal) =>
    client.send(
      new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: index + 1, ContentLength: bytes, Body }),
      { abortSignal },
    ),
  );
  if (ETag === undefined) throw new Error('The server of buckets took a part without a tag.');
  return ETag;
}

export async function completeParts(
  { client, name: Bucket }: Bucket,
  { Key, UploadId }: { readonly Key: string; readonly UploadId: string },
  tags: readonly string[],
): Promise<void> {
  const Parts = tags.map((ETag, index) => ({ ETag, PartNumber: index + 1 }));
  await client.send(
    new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }),
  );
}

export async function abortParts(
  { client, name: Bucket }: Bucket,
  upload: { readonly Key: string; readonly UploadId: string },
): Promise<void> {
  try {
    await client.send(new AbortMultipartUploadCommand({ Bucket, ...upload }));
  } catch (error) {
    // Ended already, by another sweep or by the bucket's own rules.
    if (answerOf(error).name !== 'NoSuchUpload') throw error;
  }
}
