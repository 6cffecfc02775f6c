import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { CallbayError } from '@callbay/core';
import type { BlobStore, ObjectBytes } from '@callbay/ingestion';
import type { BucketReader } from './bucket-reader.ts';
import { translateS3Error } from './s3-errors.ts';

/** Takes bytes in through the spool: for any store of bytes. */
export function createStreamedBytes(
  { reader, blobs }: { readonly reader: Pick<BucketReader, 'open'>; readonly blobs: Pick<BlobStore, 'put'> },
  { spool }: { readonly spool: string },
): ObjectBytes {
  return {
    async takeIn(tenantId, blobId, object, sizeBytes) {
      const opened = await reader.open(object);
      if (opened === null) throw new CallbayError('BLOB_MISSING', 'The version of the object is gone.');
      await mkdir(spool, { recursive: true, mode: 0o700 });
      const path = join(spool, blobId);
      try {
        const file = createWriteStream(path, { flags: 'wx', mode: 0o600 });
        await pipeline(opened.stream, file).catch((error: unknown) => {
          throw (error as NodeJS.ErrnoException).code?.startsWith('ENOSPC')
            ? new CallbayError('STORAGE_FULL')
            : translateS3Error(error);
        });
        if (file.bytesWritten !== sizeBytes)
          throw new CallbayError(
            'UNAVAILABLE',
            'The server of buckets sent another number of bytes than it announced.',
          );
        return await blobs.put(tenantId, blobId, path);
      } catch (error) {
        await rm(path, { force: true });
        throw error;
      }
    },
  };
}
