import { CallbayError, type SetAsideCode } from '@callbay/core';
import type { BlobStore } from '../ports.ts';

const ANSWER_MS = 5_000;

/**
 * Why a file could not be read that no outage explains: its bytes are not in the store as they were received, or they are
 * and our reading failed. Throws a retryable UNAVAILABLE where the store itself is not in place or does not answer:
 * nothing is then known about the file.
 */
export async function whyUnread(
  blobs: BlobStore,
  tenantId: string,
  { blobKey, sizeBytes }: { readonly blobKey: string; readonly sizeBytes: number },
): Promise<SetAsideCode> {
  await answersSoon(blobs.checkStore());
  const storedBytes = await answersSoon(blobs.size(tenantId, blobKey));
  return storedBytes === sizeBytes ? 'UNREADABLE' : 'BYTES_MISSING';
}

/** A network disk may never answer. Rejects with UNAVAILABLE then. */
export async function answersSoon<T>(answer: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new CallbayError('UNAVAILABLE', 'The store of bytes does not answer.')),
    ANSWER_MS,
  );
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
