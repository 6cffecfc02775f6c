import { z } from 'zod';

/** A place in a bucket. */
export interface BucketPlace {
  readonly bucket: string;
  /** What our keys begin with: empty, or parts that each end with a slash. */
  readonly prefix: string;
}

const BUCKET_URL =
  /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([A-Za-z0-9][\w.-]{0,127}(?:\/[A-Za-z0-9][\w.-]{0,127})*\/?)?)?$/;

function readPlace(text: string): BucketPlace | null {
  const [, bucket, path = ''] = BUCKET_URL.exec(text) ?? [];
  if (bucket === undefined) return null;
  return { bucket, prefix: path === '' || path.endsWith('/') ? path : `${path}/` };
}

/** `disk` as null, or `s3://bucket/prefix`. */
export const blobsPlace = z
  .string()
  .refine(
    (text) => text === 'disk' || readPlace(text) !== null,
    'must be disk, or s3://bucket/prefix with plain names of letters, digits, dots, dashes and underscores',
  )
  .transform(readPlace);
