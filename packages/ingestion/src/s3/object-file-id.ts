import { createHash } from 'node:crypto';
import type { ObjectPlace } from '../receive/ports.ts';

/**
 * The id of the file that one version of an object is: a UUID of version 8, made of SHA-256. However often and by whatever way
 * a version is noticed, it is the same file.
 */
export function objectFileId({ bucket, key, versionId }: ObjectPlace): string {
  const hash = createHash('sha256').update(`${bucket}\0${key}\0${versionId}`).digest();
  hash[6] = 0x80 | (hash[6]! & 0x0f);
  hash[8] = 0x80 | (hash[8]! & 0x3f);
  return hash.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
