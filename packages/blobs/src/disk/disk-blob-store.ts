import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, opendir, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { CallbayError } from '@callbay/core';
import type { BlobStore } from '@callbay/ingestion';
import { blobIdOf, blobKeyOf, blobPath } from './blob-paths.ts';
import { copyDurably, errnoOf, makeDurableFolder, moveDurably, syncPath } from './durable-files.ts';

export interface DiskBlobStoreOptions {
  /** Made when absent. Best on the file system of the spool: taking a file over is then a rename. */
  readonly root: string;
}

/** The disk store's root as it resolved it, beside the port. */
export type DiskBlobStore = BlobStore & { readonly root: string };

/** Copies under way rest beside their target under this prefix, which no blob id can begin with. */
const STAGING_PREFIX = '.staging-';
const ABANDONED_STAGING_MS = 86_400_000;

function translate(error: unknown): unknown {
  if (error instanceof CallbayError) return error;
  const errno = errnoOf(error);
  if (errno === 'ENOSPC' || errno === 'EDQUOT')
    return new CallbayError('STORAGE_FULL', undefined, { cause: error });
  if (errno === 'ENOENT') return new CallbayError('BLOB_MISSING', undefined, { cause: error });
  return new CallbayError('INTERNAL', 'The disk refused an operation on stored bytes.', { cause: error });
}

async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/**
 * Blobs as files in `<root>/<tenantId>/<shard>/<blobId>`. Throws STORAGE_FULL on a full disk, BLOB_MISSING where
 * bytes are gone, BAD_REQUEST for an id that is no plain path component, NOT_FOUND for another tenant's key.
 */
export function createDiskBlobStore(options: DiskBlobStoreOptions): DiskBlobStore {
  const root = resolve(options.root);
  const locate = (tenantId: string, key: string) => blobPath(root, tenantId, blobIdOf(tenantId, key)).path;
  const stagingIn = (folder: string) => join(folder, `${STAGING_PREFIX}${randomUUID()}`);

  async function guard<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      throw translate(error);
    }
  }

  return {
    root,

    put: (tenantId, blobId, path) =>
      guard(async () => {
        const key = blobKeyOf(tenantId, blobId);
        const target = blobPath(root, tenantId, blobId);
        await makeDurableFolder(root, target.folder);
        if ((await sizeOf(path)) === null && (await sizeOf(target.path)) !== null) {
          // A repeated call: the first one moved the file, but may have died before the folder was durable.
          await syncPath(target.folder);
          return key;
        }
        await moveDurably(path, stagingIn(target.folder), target.path);
        return key;
      }),

    copy: (tenantId, fromKey, blobId) =>
      guard(async () => {
        const key = blobKeyOf(tenantId, blobId);
        const target = blobPath(root, tenantId, blobId);
        const staging = stagingIn(target.folder);
        await makeDurableFolder(root, target.folder);
        try {
          await copyDurably(locate(tenantId, fromKey), staging);
          await moveDurably(staging, staging, target.path);
        } catch (error) {
          await rm(staging, { force: true });
          throw error;
        }
        return key;
      }),

    read: (tenantId, key, range) =>
      guard(async () => {
        const handle = await open(locate(tenantId, key), 'r');
        return createReadStream('', { fd: handle, autoClose: true, highWaterMark: 256 * 1024, ...range });
      }),

    size: (tenantId, key) => guard(() => sizeOf(locate(tenantId, key))),

    openLocal: (tenantId, key) =>
      guard(async () => {
        const path = locate(tenantId, key);
        await stat(path);
        return { path, [Symbol.asyncDispose]: async () => {} };
      }),

    remove: (tenantId, key) => guard(() => rm(locate(tenantId, key), { force: true })),

    async *list() {
      for await (const tenantId of folderNames(root)) {
        for await (const shard of folderNames(join(root, tenantId))) {
          yield* listShard(tenantId, join(root, tenantId, shard));
        }
      }
    },
  };
}

async function* folderNames(folder: string): AsyncGenerator<string> {
  for await (const entry of entriesOf(folder)) if (entry.isDirectory()) yield entry.name;
}

async function* entriesOf(folder: string) {
  try {
    yield* await opendir(folder);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw translate(error);
  }
}

/** Lists one shard, and clears the copies that a crash left in it. */
async function* listShard(tenantId: string, folder: string) {
  for await (const entry of entriesOf(folder)) {
    if (!entry.isFile()) continue;
    const path = join(folder, entry.name);
    const found = await stat(path).catch((error: unknown) => {
      if (errnoOf(error) === 'ENOENT') return null;
      throw translate(error);
    });
    if (found === null) continue;
    if (!entry.name.startsWith(STAGING_PREFIX)) {
      // The change time: a rename sets it, a customer's own modification time does not.
      yield { tenantId, key: blobKeyOf(tenantId, entry.name), modifiedAt: found.ctime };
    } else if (Date.now() - found.ctimeMs > ABANDONED_STAGING_MS) {
      await rm(path, { force: true });
    }
  }
}
