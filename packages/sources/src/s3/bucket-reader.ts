import type { Readable } from 'node:stream';
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { ObjectFacts } from '@callbay/core';
import type { ListingMarker, ObjectPlace } from '@callbay/ingestion';
import { isGone, statusOf, translateS3Error } from './s3-errors.ts';

/** What HEAD says of a version. */
export interface ObjectHead extends ObjectFacts {
  readonly modifiedAt: Date;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  readonly contentDisposition: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
}

/** A version of an object, or a mark that its key was deleted. */
export interface VersionEntry {
  readonly key: string;
  readonly versionId: string;
  readonly isDeleteMarker: boolean;
  readonly isLatest: boolean;
  readonly modifiedAt: Date;
  readonly sizeBytes: number;
  readonly etag: string;
}

export interface VersionPage {
  /** By key, the newest of each key first. */
  readonly entries: readonly VersionEntry[];
  readonly next: ListingMarker | null;
}

export interface VersionQuery {
  readonly bucket: string;
  readonly prefix: string;
  readonly marker: ListingMarker | null;
}

/** What is read from buckets. Every function throws a retryable UNAVAILABLE where the server does not answer. */
export interface BucketReader {
  /** Null where the version is gone. */
  head(object: ObjectPlace): Promise<ObjectHead | null>;
  /** Null where the version is gone. */
  open(object: ObjectPlace): Promise<{ readonly stream: Readable; readonly sizeBytes: number } | null>;
  listVersions(query: VersionQuery): Promise<VersionPage>;
}

const PAGE = 1_000;

/** A version made before the bucket kept versions has this id, and its bytes can be other ones later. */
export const NULL_VERSION = 'null';

const placeInput = ({ bucket, key, versionId }: ObjectPlace) => ({
  Bucket: bucket,
  Key: key,
  VersionId: versionId,
});

/** A marker is newer than versions of the same moment: those that came after it are listed as newer, or superseded. */
function compareEntries(a: VersionEntry, b: VersionEntry): number {
  if (a.key !== b.key) return Buffer.compare(Buffer.from(a.key), Buffer.from(b.key));
  if (a.isLatest !== b.isLatest) return a.isLatest ? -1 : 1;
  const byTime = b.modifiedAt.getTime() - a.modifiedAt.getTime();
  if (byTime !== 0) return a.isDeleteMarker === b.isDeleteMarker ? 0 : byTime;
  return Number(b.isDeleteMarker) - Number(a.isDeleteMarker);
}

/** `pageVersions`: how many versions and markers a page of a listing has at most; S3's 1,000 unless given. */
export function createBucketReader(
  s3: S3Client,
  { pageVersions = PAGE }: { readonly pageVersions?: number } = {},
): BucketReader {
  /** HEAD has no body: only GET says why it is refused. */
  async function whyRefused(object: ObjectPlace): Promise<'sealed' | 'gone'> {
    try {
      const { Body } = await s3.send(new GetObjectCommand({ ...placeInput(object), Range: 'bytes=0-0' }));
      (Body as Readable | undefined)?.destroy();
    } catch (error) {
      const { name, message } = error as Error;
      if (isGone(error) || (statusOf(error) === 400 && /version/i.test(`${name} ${message}`))) return 'gone';
      if (statusOf(error) === 400 && /encrypt/i.test(message)) return 'sealed';
    }
    throw translateS3Error(new Error('HEAD refused'));
  }

  return {
    async head(object) {
      try {
        const found = await s3.send(new HeadObjectCommand(placeInput(object)));
        return {
          sizeBytes: found.ContentLength ?? 0,
          storageClass: found.StorageClass ?? null,
          restore: found.Restore ?? null,
          modifiedAt: found.LastModified ?? new Date(0),
          contentType: found.ContentType,
          contentEncoding: found.ContentEncoding,
          contentDisposition: found.ContentDisposition,
          metadata: found.Metadata ?? {},
        };
      } catch (error) {
        if (isGone(error)) return null;
        if (statusOf(error) !== 400) throw translateS3Error(error);
      }
      if ((await whyRefused(object)) === 'gone') return null;
      const nothing = { contentType: undefined, contentEncoding: undefined, contentDisposition: undefined };
      return { sizeBytes: 0, isSealedByCustomer: true, modifiedAt: new Date(0), metadata: {}, ...nothing };
    },

    async open(object) {
      try {
        const { Body, ContentLength } = await s3.send(new GetObjectCommand(placeInput(object)));
        return { stream: Body as Readable, sizeBytes: ContentLength ?? 0 };
      } catch (error) {
        if (isGone(error)) return null;
        throw translateS3Error(error);
      }
    },

    async listVersions({ bucket, prefix, marker }) {
      try {
        const page = await s3.send(
          new ListObjectVersionsCommand({
            Bucket: bucket,
            Prefix: prefix,
            MaxKeys: pageVersions,
            ...(marker === null ? {} : { KeyMarker: marker.keyMarker }),
            ...(marker?.versionIdMarker ? { VersionIdMarker: marker.versionIdMarker } : {}),
          }),
        );
        const entryOf =
          (isDeleteMarker: boolean) =>
          (version: {
            Key?: string | undefined;
            VersionId?: string | undefined;
            IsLatest?: boolean | undefined;
            LastModified?: Date | undefined;
            Size?: number | undefined;
            ETag?: string | undefined;
          }): VersionEntry => ({
            key: version.Key ?? '',
            versionId: version.VersionId ?? NULL_VERSION,
            isDeleteMarker,
            isLatest: version.IsLatest === true,
            modifiedAt: version.LastModified ?? new Date(0),
            sizeBytes: version.Size ?? 0,
            etag: version.ETag ?? '',
          });
        const entries = [
          ...(page.Versions ?? []).map(entryOf(false)),
          ...(page.DeleteMarkers ?? []).map(entryOf(true)),
        ].sort(compareEntries);
        const isLast = page.IsTruncated !== true || page.NextKeyMarker === undefined;
        return {
          entries,
          next: isLast
            ? null
            : { keyMarker: page.NextKeyMarker ?? '', versionIdMarker: page.NextVersionIdMarker ?? null },
        };
      } catch (error) {
        throw translateS3Error(error);
      }
    },
  };
}
