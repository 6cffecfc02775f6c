/**
 * The doors of a drop: the SFTP server, folders that other programs write to, buckets, and uploads over HTTP.
 * It decides one thing, when a file is whole, and never reads what is inside one.
 * The intake app builds a source over ingestion's ports, starts it and stops it; the api builds the door over HTTP.
 */

export type { ClaimStep } from './folder/claims.ts';
export {
  FolderScanner,
  type FolderScannerDeps,
  type FolderScannerOptions,
  type ScanResult,
} from './folder/folder-scanner.ts';
export {
  createFolderServer,
  type FolderServerOptions,
  type SourceServer,
} from './folder/folder-server.ts';
export { createUploadDoor, type UploadDoorDeps } from './http/upload-door.ts';
export { sweepUploads } from './http/upload-files.ts';
export { createBucketReader } from './s3/bucket-reader.ts';
export { createBucketWriter } from './s3/bucket-writer.ts';
export { createStreamedBytes } from './s3/object-bytes.ts';
export {
  createS3Server,
  createS3Turns,
  type S3ServerDeps,
  type S3ServerOptions,
  type S3Turns,
} from './s3/s3-server.ts';
export { type SqsLoop, startSqsLoop } from './s3/sqs-loop.ts';
export { type HostKey, makeHostKeys, makeKeyPair } from './sftp/host-keys.ts';
export { DEFAULT_LIMITS, MAX_FILE_BYTES, type SftpLimits } from './sftp/limits.ts';
export type { Logger, SftpMetrics } from './sftp/logger.ts';
export { readYoungestClock, sweepPartials } from './sftp/partial-sweep.ts';
export {
  createSftpServer,
  type SftpServer,
  type SftpServerDeps,
  type SftpServerOptions,
} from './sftp/server.ts';
export { inspectCiphers, type NativeCiphers, nativeCiphers, ssh2 } from './sftp/ssh2.ts';
