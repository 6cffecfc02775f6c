import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { BackupError, type BytesRestore, folderBytes, type StoredBytes } from '@callbay/backup';
import { createBlobStore, diskPathOf, type InstalledBlobStore } from '@callbay/blobs';
import { CallbayError } from '@callbay/core';
import type { Config } from '@callbay/runtime';

/** The store's key of a path on disk. */
function keyOf(path: string): { tenantId: string; blobId: string } {
  const parts = path.split('/');
  const [tenantId = '', blobId = ''] = [parts.at(0), parts.at(-1)];
  return { tenantId, blobId };
}

/** Takes blobs one after the other. Objects cannot be put in place at once: what no row names is nobody's. */
async function startRestore(
  blobs: InstalledBlobStore,
  spoolFolder: string,
  isForced: boolean,
): Promise<BytesRestore> {
  const folder = join(spoolFolder, `restore-${randomUUID()}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  let isFinal = false;
  return {
    async add(path, bytes) {
      const { tenantId, blobId } = keyOf(path);
      const file = join(folder, 'blob');
      await pipeline(bytes, createWriteStream(file, { mode: 0o600 }));
      await blobs.put(tenantId, blobId, file).catch((error: unknown) => {
        const isName = error instanceof CallbayError && error.code === 'BAD_REQUEST';
        throw isName ? new BackupError('DAMAGED', `it holds a path that no blob has: ${path}`) : error;
      });
    },
    swap: async () => {},
    finish: async () => {
      isFinal = true;
    },
    async discard() {
      await rm(folder, { recursive: true, force: true });
      // The place was empty. Where it was not, the sweep of orphans removes what was brought and what was there.
      if (isFinal || isForced) return;
      for await (const { tenantId, key } of blobs.list()) await blobs.remove(tenantId, key);
    },
  };
}

/** Bytes in a bucket, by the paths that they would have on disk. */
function bucketBytes(blobs: InstalledBlobStore, spoolFolder: string): StoredBytes {
  return {
    async *list() {
      for await (const { key } of blobs.list()) yield diskPathOf(key);
    },
    async open(path) {
      const { tenantId, blobId } = keyOf(path);
      const key = `${tenantId}/${blobId}`;
      const sizeBytes = await blobs.size(tenantId, key);
      if (sizeBytes === null) return null;
      try {
        return { sizeBytes, bytes: await blobs.read(tenantId, key) };
      } catch (error) {
        if (error instanceof CallbayError && error.code === 'BLOB_MISSING') return null;
        throw error;
      }
    },
    startRestore: ({ isForced }) => startRestore(blobs, spoolFolder, isForced),
  };
}

/**
 * The stored bytes that the configuration names, for a backup or a restore. A place that is to be restored into needs no marker
 * yet.
 */
export function openStoredBytes(
  config: Config,
  { isNew }: { readonly isNew: boolean },
): { readonly bytes: StoredBytes; close(): void } {
  if (config.blobs === null) return { bytes: folderBytes(config.blobsFolder), close: () => {} };
  const blobs = createBlobStore(config, { requiresMarker: !isNew });
  return { bytes: bucketBytes(blobs, config.spoolFolder), close: () => blobs.close() };
}
