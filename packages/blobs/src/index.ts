/**
 * Keeps the bytes of files, by tenant, behind ingestion's BlobStore port: on disk or in a bucket.
 * It never decides what may be read or removed, and never shares bytes between tenants.
 * The apps build one and hand it to sources, pipeline and API.
 */
export { type BlobsConfig, createBlobStore, type InstalledBlobStore } from './create-blob-store.ts';
export { diskPathOf } from './disk/blob-paths.ts';
export {
  createDiskBlobStore,
  type DiskBlobStore,
  type DiskBlobStoreOptions,
} from './disk/disk-blob-store.ts';
export { markStore, readMarker, replaceMarker, STORE_MARKER } from './disk/store-marker.ts';
export { createS3BlobStore, type S3BlobStore, type S3BlobStoreOptions } from './s3/s3-blob-store.ts';
export type { S3Server } from './s3/s3-client.ts';
export type { BlobMarker } from './s3/s3-marker.ts';
