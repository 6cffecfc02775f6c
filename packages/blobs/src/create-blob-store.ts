import { createDiskBlobStore } from './disk/disk-blob-store.ts';
import { markStore, readMarker, replaceMarker } from './disk/store-marker.ts';
import { createS3BlobStore, type S3BlobStore } from './s3/s3-blob-store.ts';
import type { S3Server } from './s3/s3-client.ts';

/** The part of the configuration that says where bytes rest. */
export interface BlobsConfig {
  readonly blobsFolder: string;
  readonly spoolFolder: string;
  /** Null: on disk. */
  readonly blobs: { readonly bucket: string; readonly prefix: string } | null;
  readonly s3: S3Server | null;
}

/** A store of bytes, wherever it is, with what starting and watching it needs. */
export type InstalledBlobStore = S3BlobStore;

/** The store that the configuration names. Nothing is connected before it is used; `close` lets its connections go. */
export function createBlobStore(
  config: BlobsConfig,
  { requiresMarker = true }: { readonly requiresMarker?: boolean } = {},
): InstalledBlobStore {
  const { blobs, s3, blobsFolder, spoolFolder } = config;
  if (blobs !== null) {
    if (s3 === null) throw new Error('A bucket of stored bytes needs a server.');
    return createS3BlobStore({ server: s3, ...blobs, spoolFolder, requiresMarker });
  }
  return {
    ...createDiskBlobStore({ root: blobsFolder, requiresMarker }),
    marker: {
      place: blobsFolder,
      read: () => readMarker(blobsFolder),
      mark: (refersToBytes, id) => markStore(blobsFolder, refersToBytes, id),
      replace: (id) => replaceMarker(blobsFolder, id),
    },
    close: () => {},
  };
}
