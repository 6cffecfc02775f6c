/**
 * Everything of one Callbay in one tar file, and back: the tables as of one instant, the blobs, the keys. It knows
 * tables and stores of bytes, never what they mean, and it never writes into a place that holds something unless told to. The
 * `callbay` command calls it.
 */
export { BackupError, type BackupErrorCode } from './errors.ts';
export { folderBytes } from './folder-bytes.ts';
export { type Manifest, readManifest } from './manifest.ts';
export type { OnProgress, Progress } from './progress.ts';
export { type RestoreOptions, type RestoreResult, restoreBackup } from './restore-backup.ts';
export type { BytesRestore, StoredBlob, StoredBytes } from './stored-bytes.ts';
export { type BackupOptions, type BackupResult, writeBackup } from './write-backup.ts';
