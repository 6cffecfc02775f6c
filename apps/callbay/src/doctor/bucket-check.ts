import { createBlobStore } from '@callbay/blobs';
import type { Config } from '@callbay/runtime';
import { type Finding, fail, ok } from './finding.ts';

/** Whether objects can be written to the bucket of stored bytes, read and removed again. */
export async function checkBucket(config: Config): Promise<Finding> {
  const blobs = createBlobStore(config, { requiresMarker: false });
  const { place } = blobs.marker;
  try {
    await blobs.probeWrite();
    return ok('bucket', `${place} can be written, read and cleared.`);
  } catch (error) {
    const cause = (error as Error).cause;
    const why = cause instanceof Error ? cause.name : (error as Error).message;
    return fail(
      'bucket',
      `${place} cannot be used (${why}).`,
      'Check CALLBAY_BLOBS, CALLBAY_S3_ENDPOINT and its kin, and that the key may list, get, put and delete there.',
    );
  } finally {
    blobs.close();
  }
}
