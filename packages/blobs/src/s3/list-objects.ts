import { ListMultipartUploadsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { abortParts, type Bucket } from './send-object.ts';

const PAGE = 1_000;
/** Older than any upload that still goes on; one that does all the same begins anew when it ends. */
const ABANDONED_UPLOAD_MS = 2 * 86_400_000;

/** What a version 7 UUID that was made at this time begins with. */
function idsFrom(since: Date): string {
  const hex = Math.max(0, since.getTime()).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}`;
}

/** The tenants that have objects, by name. */
async function* listTenants({ client, name: Bucket }: Bucket, Prefix: string): AsyncGenerator<string> {
  let ContinuationToken: string | undefined;
  do {
    const page = await client.send(
      new ListObjectsV2Command({ Bucket, Prefix, Delimiter: '/', MaxKeys: PAGE, ContinuationToken }),
    );
    for (const { Prefix: folder = '' } of page.CommonPrefixes ?? [])
      yield folder.slice(Prefix.length).replace(/\/$/, '');
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken !== undefined);
}

const DAY_MS = 86_400_000;

/** Which ids to list: those that were made between, by clocks that may differ by a day. */
export interface IdRange {
  readonly since: Date;
  readonly now: Date;
}

/** All blobs, one tenant after another; with `range` without ids that hold another time, or none. */
export async function* listObjects(
  bucket: Bucket,
  prefix: string,
  range: IdRange | null,
): AsyncGenerator<{ tenantId: string; key: string; modifiedAt: Date; sizeBytes: number }> {
  tenants: for await (const tenantId of listTenants(bucket, prefix)) {
    const Prefix = `${prefix}${tenantId}/`;
    const StartAfter = range === null ? undefined : `${Prefix}${idsFrom(range.since)}`;
    // Keys come in order.
    const end = range === null ? null : `${Prefix}${idsFrom(new Date(range.now.getTime() + DAY_MS))}`;
    let ContinuationToken: string | undefined;
    do {
      const page = await bucket.client.send(
        new ListObjectsV2Command({
          Bucket: bucket.name,
          Prefix,
          StartAfter,
          MaxKeys: PAGE,
          ContinuationToken,
        }),
      );
      for (const { Key = '', LastModified, Size = 0 } of page.Contents ?? []) {
        if (end !== null && Key >= end) continue tenants;
        if (LastModified === undefined) continue;
        yield { tenantId, key: Key.slice(prefix.length), modifiedAt: LastModified, sizeBytes: Size };
      }
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
  }
}

/** Ends uploads in parts that nobody completed: their parts cost as objects do, and no listing of objects shows them. */
export async function abortOldUploads(bucket: Bucket, Prefix: string, now: Date): Promise<number> {
  let aborted = 0;
  let KeyMarker: string | undefined;
  let UploadIdMarker: string | undefined;
  do {
    const page = await bucket.client.send(
      new ListMultipartUploadsCommand({
        Bucket: bucket.name,
        Prefix,
        KeyMarker,
        UploadIdMarker,
        MaxUploads: PAGE,
      }),
    );
    for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
      if (Key === undefined || UploadId === undefined || Initiated === undefined) continue;
      if (now.getTime() - Initiated.getTime() < ABANDONED_UPLOAD_MS) continue;
      await abortParts(bucket, { Key, UploadId });
      aborted += 1;
    }
    KeyMarker = page.IsTruncated === true ? page.NextKeyMarker : undefined;
    UploadIdMarker = page.NextUploadIdMarker;
  } while (KeyMarker !== undefined);
  return aborted;
}
