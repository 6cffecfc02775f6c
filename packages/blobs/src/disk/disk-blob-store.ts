import { randomUUID } from 'node:crypto';
import { createReadStream, fdatasync, renameSync, statSync } from 'node:fs';
import { mkdir, open, opendir, rm, rmdir, stat, statfs, utimes } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { CallbayError } from '@callbay/core';
import type { BlobStore } from '@callbay/ingestion';
import { type BlobPlace, blobIdOf, blobKeyOf, blobPath, isPastShard, isShardBefore } from './blob-paths.ts';
import { copyDurably, errnoOf, makeDurableFolder, syncPath } from './durable-files.ts';
import { createFolderSyncs } from './folder-syncs.ts';
import { findMarker, requireMarker } from './store-marker.ts';

const syncData = promisify(fdatasync);

export interface DiskBlobStoreOptions {
  /** Made when absent. Best on the file system of the spool: taking a file over is then a rename. */
  readonly root: string;
  /** Nothing is written, and nothing is taken to be missing, while the root has no marker. */
  readonly requiresMarker?: boolean;
}

/** The disk store's root as it resolved it, beside the port. */
export type DiskBlobStore = BlobStore & {
  readonly root: string;
  /** Rejects where nothing can be stored just now, as on a full or read-only disk. Several at once are one. */
  probeWrite(): Promise<void>;
};

/** Copies under way rest beside their target under this prefix, which no blob id can begin with. */
const STAGING_PREFIX = '.staging-';
const PROBE_PREFIX = '.probe-';
const PROBE_BYTES = 8_192;
const ABANDONED_STAGING_MS = 86_400_000;
const MAX_KNOWN_FOLDERS = 10_000;

function translate(error: unknown): unknown {
  if (error instanceof CallbayError) return error;
  const errno = errnoOf(error);
  if (errno === 'ENOSPC' || errno === 'EDQUOT')
    return new CallbayError('STORAGE_FULL', undefined, { cause: error });
  if (errno === 'ENOENT') return new CallbayError('BLOB_MISSING', undefined, { cause: error });
  // A disk that fails, is read-only or not reached says nothing about the bytes on it; a closed descriptor is our bug.
  if (errno !== null && errno !== 'EBADF')
    return new CallbayError('UNAVAILABLE', 'The store of bytes fails.', { cause: error });
  return new CallbayError('INTERNAL', 'Storing or reading bytes failed.', { cause: error });
}

/** On the calling thread, as `tryRename`: every upload asks once. */
const sizeOf = (path: string): number | null => statSync(path, { throwIfNoEntry: false })?.size ?? null;

/** On the calling thread: a hop to the thread pool costs more, and would wait behind the syncs there. */
function tryRename(from: string, to: string): 'moved' | 'absent' | 'other-device' {
  try {
    renameSync(from, to);
    return 'moved';
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT') return 'absent';
    if (errno === 'EXDEV') return 'other-device';
    throw error;
  }
}

/**
 * Blobs as files in `<root>/<tenantId>/<shard>/<blobId>`. Throws STORAGE_FULL on a full disk, BLOB_MISSING where
 * bytes are gone, UNAVAILABLE where the store is not in place or its disk fails, BAD_REQUEST for an id that is not a plain
 * path component, NOT_FOUND for another tenant's key.
 */
export function createDiskBlobStore(options: DiskBlobStoreOptions): DiskBlobStore {
  const root = resolve(options.root);
  const locate = (tenantId: string, key: string) => blobPath(root, tenantId, blobIdOf(tenantId, key)).path;
  const requireStore = (): void => {
    if (options.requiresMarker === true) requireMarker(root);
  };
  const syncFolder = createFolderSyncs();
  let check: Promise<void> | null = null;
  let probe: Promise<void> | null = null;
  /** Folders that this process has found or made durable. One that is gone again is made again. */
  const knownFolders = new Set<string>();

  /** The file system stamps each change of the folder with its own clock, which may be that of another host. */
  async function readClock(): Promise<Date> {
    requireStore();
    await mkdir(root, { recursive: true, mode: 0o700 });
    const now = new Date();
    await utimes(root, now, now);
    return (await stat(root)).ctime;
  }

  async function haveFolder(folder: string): Promise<void> {
    await makeDurableFolder(root, folder);
    if (knownFolders.size >= MAX_KNOWN_FOLDERS) knownFolders.clear();
    knownFolders.add(folder);
  }

  async function copyInto(from: string, target: BlobPlace): Promise<void> {
    const staging = join(target.folder, `${STAGING_PREFIX}${randomUUID()}`);
    try {
      await copyDurably(from, staging);
      renameSync(staging, target.path);
    } catch (error) {
      await rm(staging, { force: true });
      throw error;
    }
    await syncFolder(target.folder);
  }

  /** Renames first: the file's sync then covers its new name where the file system has one journal. */
  async function takeOver(path: string, target: BlobPlace, fd: number | undefined): Promise<void> {
    requireStore();
    if (!knownFolders.has(target.folder)) await haveFolder(target.folder);
    const outcome = tryRename(path, target.path);
    if (outcome === 'moved') return syncMoved(path, target, fd);
    if (outcome === 'other-device') {
      await copyInto(path, target);
      await rm(path, { force: true });
      return;
    }
    await haveFolder(target.folder);
    const isRepeated = sizeOf(path) === null && sizeOf(target.path) !== null;
    // A repeated call: the first one moved the file, but may have died before the syncs.
    if (!isRepeated) renameSync(path, target.path);
    await syncMoved(path, target, fd);
  }

  /** Moves the file back where a sync fails, so that the caller keeps what was not stored. */
  async function syncMoved(path: string, target: BlobPlace, fd: number | undefined): Promise<void> {
    const bytes = fd === undefined ? syncPath(target.path) : syncData(fd);
    const syncs = await Promise.allSettled([bytes, syncFolder(target.folder)]);
    const failed = syncs.find((sync) => sync.status === 'rejected');
    if (failed === undefined) return;
    renameSync(target.path, path);
    throw failed.reason;
  }

  async function guard<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      const translated = translate(error);
      if (translated instanceof CallbayError && translated.code === 'BLOB_MISSING') requireStore();
      throw translated;
    }
  }

  return {
    root,

    async checkStore() {
      if (options.requiresMarker !== true) return;
      // One question at a time: each holds a thread of few while a network disk does not answer.
      check ??= findMarker(root).finally(() => {
        check = null;
      });
      await check;
    },

    async probeWrite() {
      probe ??= probeWrite(root, requireStore).finally(() => {
        probe = null;
      });
      await probe;
    },

    put: (tenantId, blobId, path, fd) =>
      guard(async () => {
        const key = blobKeyOf(tenantId, blobId);
        const target = blobPath(root, tenantId, blobId);
        await takeOver(path, target, fd);
        return key;
      }),

    copy: (tenantId, fromKey, blobId) =>
      guard(async () => {
        const key = blobKeyOf(tenantId, blobId);
        const target = blobPath(root, tenantId, blobId);
        requireStore();
        await makeDurableFolder(root, target.folder);
        await copyInto(locate(tenantId, fromKey), target);
        return key;
      }),

    read: (tenantId, key, range) =>
      guard(async () => {
        const handle = await open(locate(tenantId, key), 'r');
        return createReadStream('', { fd: handle, autoClose: true, highWaterMark: 256 * 1024, ...range });
      }),

    size: (tenantId, key) =>
      guard(async () => {
        const size = sizeOf(locate(tenantId, key));
        if (size === null) requireStore();
        return size;
      }),

    openLocal: (tenantId, key) =>
      guard(async () => {
        const path = locate(tenantId, key);
        await stat(path);
        return { path, [Symbol.asyncDispose]: async () => {} };
      }),

    remove: (tenantId, key) => guard(() => rm(locate(tenantId, key), { force: true })),

    readClock: () => guard(readClock),

    readSpace: () =>
      guard(async () => {
        const { bavail, blocks, bsize } = await statfs(root);
        return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
      }),

    async *list({ since } = {}) {
      const nowMs = (await guard(readClock)).getTime();
      for await (const tenantId of folderNames(root)) {
        for await (const shard of folderNames(join(root, tenantId))) {
          if (since !== undefined && isShardBefore(shard, since.getTime())) continue;
          const folder = join(root, tenantId, shard);
          yield* listShard(tenantId, folder, nowMs);
          if (isPastShard(shard, nowMs)) await removeIfEmpty(folder);
        }
      }
    },
  };
}

/** A small file, made durable and removed again. */
async function probeWrite(root: string, requireStore: () => void): Promise<void> {
  const path = join(root, `${PROBE_PREFIX}${randomUUID()}`);
  try {
    requireStore();
    const handle = await open(path, 'wx', 0o600);
    try {
      // A block of its own: a file system may keep a few bytes beside the name.
      await handle.writeFile(Buffer.alloc(PROBE_BYTES));
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw translate(error);
  } finally {
    await rm(path, { force: true });
  }
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

/** A blob that is put there all the same makes its folder again. */
async function removeIfEmpty(folder: string): Promise<void> {
  try {
    await rmdir(folder);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno !== 'ENOTEMPTY' && errno !== 'EEXIST' && errno !== 'ENOENT') throw translate(error);
  }
}

/** Lists one shard, and clears the copies that a crash left in it. */
async function* listShard(tenantId: string, folder: string, nowMs: number) {
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
    } else if (nowMs - found.ctimeMs > ABANDONED_STAGING_MS) {
      await rm(path, { force: true });
    }
  }
}
