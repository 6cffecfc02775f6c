import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, open, readdir, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { CallbayError } from '@callbay/core';
import type { AheadUpload, BlobStore } from '@callbay/ingestion';
import { blobIdOf, blobKeyOf } from '../disk/blob-paths.ts';
import { errnoOf } from '../disk/durable-files.ts';
import { abortOldUploads, listObjects } from './list-objects.ts';
import { PartsUpload } from './parts-upload.ts';
import { createS3Client, type S3Server } from './s3-client.ts';
import { answerOf, isAbsent, translateS3 } from './s3-errors.ts';
import { type BlobMarker, createS3Marker } from './s3-marker.ts';
import { type Bucket, createSlots, PART_BYTES, putFile } from './send-object.ts';

export interface S3BlobStoreOptions {
  readonly server: S3Server;
  readonly bucket: string;
  /** What all keys begin with: empty, or ending with a slash. */
  readonly prefix: string;
  /** Where copies for readers of local files rest while they read, and uploads on their way. */
  readonly spoolFolder: string;
  /** Nothing is taken to be missing while the bucket has no marker of ours. */
  readonly requiresMarker?: boolean;
}

export type S3BlobStore = BlobStore & {
  readonly marker: BlobMarker;
  /** Rejects where nothing can be stored just now. Several at once are one. */
  probeWrite(): Promise<void>;
  close(): void;
};

/** Parts of all files that are sent at once: more gain nothing and take memory. */
const SENDING_AT_ONCE = 4;
const FETCHED = 'fetched';
/** No reader of ours takes this long. */
const ABANDONED_COPY_MS = 86_400_000;

/**
 * Blobs as objects `<prefix><tenantId>/<blobId>` of one bucket. Throws as the disk store does; UNAVAILABLE covers all that the
 * server, its network or its permissions refuse.
 */
export function createS3BlobStore(options: S3BlobStoreOptions): S3BlobStore {
  const { bucket: Bucket, prefix, spoolFolder } = options;
  const client = createS3Client(options.server);
  const bucket: Bucket = { client, name: Bucket, sending: createSlots(SENDING_AT_ONCE) };
  const marker = createS3Marker(bucket, prefix);
  const fetchedFolder = join(spoolFolder, FETCHED);
  const ahead = new Map<string, { upload: PartsUpload; end(): Promise<void> }>();
  let probe: Promise<void> | null = null;

  const locate = (tenantId: string, key: string): string =>
    `${prefix}${blobKeyOf(tenantId, blobIdOf(tenantId, key))}`;
  const checkStore = async (): Promise<void> => {
    if (options.requiresMarker === true) await marker.require();
  };

  async function guard<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      const translated = translateS3(error);
      if (translated instanceof CallbayError && translated.code === 'BLOB_MISSING') await checkStore();
      throw translated;
    }
  }

  async function sizeAt(Key: string): Promise<number | null> {
    try {
      const { ContentLength } = await client.send(new HeadObjectCommand({ Bucket, Key }));
      return ContentLength ?? 0;
    } catch (error) {
      if (isAbsent(error)) return null;
      throw error;
    }
  }

  async function readAt(Key: string, range?: { start: number; end: number }): Promise<Readable> {
    try {
      const Range = range === undefined ? undefined : `bytes=${range.start}-${range.end}`;
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key, Range }));
      return Body as Readable;
    } catch (error) {
      // As on disk: behind the end there is nothing to read.
      if (answerOf(error).status === 416) return Readable.from([]);
      throw error;
    }
  }

  /** The file is at `path`, or its bytes are at `Key` already: a call that is repeated after it was done. */
  async function openToPut(path: string, Key: string) {
    try {
      return await open(path, 'r');
    } catch (error) {
      if (errnoOf(error) === 'ENOENT' && (await sizeAt(Key)) !== null) return null;
      throw error;
    }
  }

  async function putInParts(Key: string, file: Awaited<ReturnType<typeof open>>, sizeBytes: number) {
    const begun = ahead.get(Key);
    if (begun !== undefined) {
      await begun.upload.complete(sizeBytes);
      return;
    }
    const upload = new PartsUpload(bucket, Key, file);
    try {
      await upload.complete(sizeBytes);
    } catch (error) {
      // What cannot be ended now is ended by the sweep.
      await upload.abandon().catch(() => undefined);
      throw error;
    }
  }

  const remove = async (Key: string): Promise<void> => {
    await client.send(new DeleteObjectCommand({ Bucket, Key }));
  };

  return {
    marker,
    checkStore: () => guard(checkStore),

    async probeWrite() {
      probe ??= guard(async () => {
        const Key = `${prefix}.probe-${randomUUID()}`;
        await checkStore();
        await client.send(new PutObjectCommand({ Bucket, Key, Body: 'probe' }));
        try {
          await buffer(await readAt(Key));
        } finally {
          await remove(Key);
        }
      }).finally(() => {
        probe = null;
      });
      await probe;
    },

    put: (tenantId, blobId, path) =>
      guard(async () => {
        const key = blobKeyOf(tenantId, blobId);
        const Key = `${prefix}${key}`;
        const file = await openToPut(path, Key);
        if (file === null) return key;
        try {
          const { size } = await file.stat();
          if (ahead.get(Key)?.upload.hasBegun === true || size > PART_BYTES)
            await putInParts(Key, file, size);
          else await putFile(bucket, Key, file, size);
        } finally {
          await file.close();
        }
        await ahead.get(Key)?.end();
        await rm(path, { force: true });
        return key;
      }),

    startAhead: (tenantId, blobId, path) =>
      guard(async () => {
        const Key = `${prefix}${blobKeyOf(tenantId, blobId)}`;
        const file = await open(path, 'r');
        const upload = new PartsUpload(bucket, Key, file);
        const end = async (): Promise<void> => {
          if (ahead.get(Key)?.upload !== upload) return;
          ahead.delete(Key);
          await file.close();
        };
        ahead.set(Key, { upload, end });
        return {
          reach: (sizeBytes) => upload.reach(sizeBytes),
          touch: (start, stop) => upload.touch(start, stop),
          abandon: () =>
            guard(async () => {
              if (ahead.get(Key)?.upload !== upload) return;
              try {
                await upload.abandon();
              } finally {
                await end();
              }
            }),
        } satisfies AheadUpload;
      }),

    copy: (tenantId, fromKey, blobId) =>
      guard(async () => {
        const key = blobKeyOf(tenantId, blobId);
        const CopySource = `${Bucket}/${encodeURI(locate(tenantId, fromKey))}`;
        await client.send(new CopyObjectCommand({ Bucket, Key: `${prefix}${key}`, CopySource }));
        return key;
      }),

    read: (tenantId, key, range) => guard(() => readAt(locate(tenantId, key), range)),

    size: (tenantId, key) =>
      guard(async () => {
        const size = await sizeAt(locate(tenantId, key));
        if (size === null) await checkStore();
        return size;
      }),

    openLocal: (tenantId, key) =>
      guard(async () => {
        const bytes = await readAt(locate(tenantId, key));
        await mkdir(fetchedFolder, { recursive: true, mode: 0o700 });
        const path = join(fetchedFolder, randomUUID());
        const dispose = () => rm(path, { force: true });
        try {
          await pipeline(bytes, createWriteStream(path, { flags: 'wx', mode: 0o600 }));
        } catch (error) {
          await dispose();
          throw error;
        }
        return { path, [Symbol.asyncDispose]: dispose };
      }),

    remove: (tenantId, key) => guard(() => remove(locate(tenantId, key))),

    readClock: () => guard(() => readClock(bucket, `${prefix}.clock`)),

    readSpace: () =>
      guard(async () => {
        await mkdir(spoolFolder, { recursive: true, mode: 0o700 });
        const { bavail, blocks, bsize } = await statfs(spoolFolder);
        return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
      }),

    async *list({ since } = {}) {
      await guard(() => removeOldCopies(fetchedFolder));
      const now = await guard(() => readClock(bucket, `${prefix}.clock`));
      await guard(() => abortOldUploads(bucket, prefix, now));
      try {
        yield* listObjects(bucket, prefix, since === undefined ? null : { since, now });
      } catch (error) {
        throw translateS3(error);
      }
    },

    close: () => client.destroy(),
  };
}

/** The server stamps what it takes with its own clock. */
async function readClock({ client, name: Bucket }: Bucket, Key: string): Promise<Date> {
  await client.send(new PutObjectCommand({ Bucket, Key, Body: 'clock' }));
  const { LastModified } = await client.send(new HeadObjectCommand({ Bucket, Key }));
  if (LastModified === undefined) throw new CallbayError('UNAVAILABLE', 'The bucket gives objects no time.');
  return LastModified;
}

/** Copies for readers that died before they removed them. */
async function removeOldCopies(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  });
  for (const name of names) {
    const path = join(folder, name);
    const found = await stat(path).catch(() => null);
    if (found !== null && Date.now() - found.ctimeMs > ABANDONED_COPY_MS) await rm(path, { force: true });
  }
}
