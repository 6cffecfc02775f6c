/**
 * What tests stand on: one real Postgres for the run with a database for each test file, a clock that moves on command,
 * Redis, tenants and SFTP users. It never fakes a service and never runs outside tests. Tests import it, and
 * vitest.config.ts names its global set-up.
 */
export { insertHistory } from './history.ts';
export { isOpensslInstalled, makeCertificate, type TestCertificate } from './make-certificate.ts';
export { makeSftpUser, makeTenant, type SftpUserToMake, type TestSftpUser } from './make-tenant.ts';
export { fixturePath, makeWav, truncateWav } from './media-fixtures.ts';
export { clientsOf, type OpenBucketOptions, openBucket, type TestBucket } from './open-bucket.ts';
export { openFolder, type TestFolder } from './open-folder.ts';
export { openUploadDoor } from './open-upload-door.ts';
export {
  openServerProbe,
  type ServerCounters,
  type ServerProbe,
  type ServerReading,
  type StatementCounters,
} from './server-probe.ts';
export { openSftp, type SftpClient } from './sftp-client.ts';
export * from './ssh-keys.ts';
export { type RunningCallbay, type StartOptions, startCallbay, type TestTenant } from './start-callbay.ts';
export { type ConsumedMessage, startKafka, type TestKafka, whyNoKafka } from './start-kafka.ts';
export { type RunningProduct, startProduct } from './start-product.ts';
export { isRedisInstalled, startRedis, type TestRedis } from './start-redis.ts';
export {
  INSTALL_RGW,
  isRgwInstalled,
  type RgwUser,
  startOwnRgw,
  startRgw,
  type TestRgw,
} from './start-rgw.ts';
export { type TestClock, testClock } from './test-clock.ts';
export { createTestDatabase, type TestDatabase, testServerUrl } from './test-database.ts';
export { until } from './until.ts';
export { writeZip, type ZipEntry, type ZipShape } from './write-zip.ts';
