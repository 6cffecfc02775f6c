/**
 * Keeps the bytes of files, by tenant, behind ingestion's BlobStore port: on disk today.
 * It never decides what may be read or removed, and never shares bytes between tenants.
 * The apps build one and hand it to sources, pipeline and API.
 */
export {
  createDiskBlobStore,
  type DiskBlobStore,
  type DiskBlobStoreOptions,
} from './disk/disk-blob-store.ts';
export { markStore, readMarker, replaceMarker, STORE_MARKER } from './disk/store-marker.ts';
