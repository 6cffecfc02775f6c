/**
 * The doors of a drop: the SFTP server today; S3 and folders have their places beside it.
 * It decides one thing, when a file is whole, and never reads what is inside one.
 * The intake app builds a source over ingestion's ports, starts it and stops it.
 */

export { type HostKey, makeHostKeys, makeKeyPair } from './sftp/host-keys.ts';
export { DEFAULT_LIMITS, MAX_FILE_BYTES, type SftpLimits } from './sftp/limits.ts';
export type { Logger, SftpMetrics } from './sftp/logger.ts';
export { readYoungestClock, sweepPartials } from './sftp/partials.ts';
export {
  createSftpServer,
  type SftpServer,
  type SftpServerDeps,
  type SftpServerOptions,
} from './sftp/server.ts';
export { inspectCiphers, type NativeCiphers, nativeCiphers, ssh2 } from './sftp/ssh2.ts';
