/** Where the files of a drop are. */
export interface DropPlace {
  readonly bucket: string;
  /** Empty in a bucket of the tenant's own, else it ends with `/`. */
  readonly prefix: string;
}

export interface BucketNames {
  /** What names of buckets, queues and users begin with. */
  readonly bucketPrefix: string;
  /** One bucket for all tenants; null for one each. */
  readonly sharedBucket: string | null;
}

/** Where a tenant's drop belongs. A name of a bucket has at most 63 characters: a tenant's id has 31. */
export const dropPlaceOf = (names: BucketNames, tenantId: string): DropPlace =>
  names.sharedBucket === null
    ? { bucket: `${names.bucketPrefix}${tenantId}`, prefix: '' }
    : { bucket: names.sharedBucket, prefix: `${tenantId}/` };
