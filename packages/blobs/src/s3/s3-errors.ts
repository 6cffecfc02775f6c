import { CallbayError } from '@callbay/core';
import { errnoOf } from '../disk/durable-files.ts';

/** The server's name for an error, and its HTTP status, as far as it answered at all. */
export function answerOf(error: unknown): { readonly name: string; readonly status: number | null } {
  const name = error instanceof Error ? error.name : '';
  const { $metadata } = (error ?? {}) as { $metadata?: { httpStatusCode?: number } };
  return { name, status: $metadata?.httpStatusCode ?? null };
}

/** The object is not there. A bucket that is not there has a name of its own, but for HEAD, which has no names. */
export const isAbsent = (error: unknown): boolean => {
  const { name, status } = answerOf(error);
  return name === 'NoSuchKey' || (status === 404 && name !== 'NoSuchBucket' && name !== 'NoSuchUpload');
};

/** The upload in parts is no longer known, or its parts are not those that were sent: it must start again. */
export const isLostUpload = (error: unknown): boolean =>
  ['NoSuchUpload', 'InvalidPart', 'InvalidPartOrder'].includes(answerOf(error).name);

const FULL_DISK: ReadonlySet<string | null> = new Set(['ENOSPC', 'EDQUOT']);

/** What a local file says, of the disk that bytes pass through. */
function ofDisk(error: unknown): CallbayError | null {
  const isSystemCall = error instanceof Error && 'syscall' in error && 'path' in error;
  const errno = errnoOf(error);
  if (FULL_DISK.has(errno)) return new CallbayError('STORAGE_FULL', undefined, { cause: error });
  if (!isSystemCall) return null;
  if (errno === 'ENOENT') return new CallbayError('BLOB_MISSING', undefined, { cause: error });
  return new CallbayError('UNAVAILABLE', 'The disk that bytes pass through fails.', { cause: error });
}

/** Never blames the bytes for what the server of buckets, its network or its permissions refuse. */
export function translateS3(error: unknown): unknown {
  if (error instanceof CallbayError) return error;
  const local = ofDisk(error);
  if (local !== null) return local;
  if (isAbsent(error)) return new CallbayError('BLOB_MISSING', undefined, { cause: error });
  const { name, status } = answerOf(error);
  if (name === 'QuotaExceeded' || status === 507)
    return new CallbayError('STORAGE_FULL', undefined, { cause: error });
  // Whatever else it answers: a bucket that is gone, a key that was revoked, a server that is too busy.
  if (status !== null || errnoOf(error) !== null || name === 'TimeoutError' || name.endsWith('ProviderError'))
    return new CallbayError('UNAVAILABLE', 'The bucket of stored bytes fails.', { cause: error });
  return new CallbayError('INTERNAL', 'Storing or reading bytes failed.', { cause: error });
}
