/**
 * Makes the buckets of S3 drops: who may write, what expires, where new objects are reported. It reads and writes no object.
 * The api app calls it for the routes of drops; the intake takes its clients from here.
 */

export { createBucketCheck } from './check-bucket.ts';
export { type BucketClients, type BucketServer, createBucketClients } from './clients.ts';
export { createS3Provisioner, type ProvisionerOptions } from './provisioner.ts';
