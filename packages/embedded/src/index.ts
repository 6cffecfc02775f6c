/**
 * Runs a private Postgres for one machine, from the binaries of an npm package, in a folder of ours, and for the demo and for
 * tests the S3 server of a host that has Ceph installed. It never
 * listens beyond the loopback, never trusts a connection without its password, and never deletes data that
 * was not declared throwaway, but for those of a temporary home that was removed. The `callbay` command, the testkit
 * and our scripts call it; nothing else does.
 */
export { createDatabase, dropDatabase } from './databases.ts';
export { EmbeddedPostgresError, type EmbeddedPostgresErrorCode } from './errors.ts';
export {
  endGatewayIn,
  GATEWAY_OWNER,
  type GatewayUser,
  INSTALL_GATEWAY,
  isGatewayInstalled,
  killGateway,
  makeGatewayUser,
  readGatewayEndpoint,
  resumeGateway,
  startGatewayIn,
} from './object-gateway.ts';
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
