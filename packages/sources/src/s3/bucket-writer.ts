import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import type { ObjectPlace } from '@callbay/ingestion';
import { NULL_VERSION, type ObjectHead } from './bucket-reader.ts';
import { isGone, translateS3Error } from './s3-errors.ts';

/** What is written to buckets. Every function throws a retryable UNAVAILABLE where the server does not answer. */
export interface BucketWriter {
  /** Copies a version under another key of the bucket, and answers what it is there; null where the version is gone or archived. */
  copy(
    from: ObjectPlace,
    key: string,
    head: ObjectHead,
    metadata: Readonly<Record<string, string>>,
  ): Promise<ObjectPlace | null>;
  /** Removes a version, or a delete marker, for good. Again it changes nothing. */
  remove(object: ObjectPlace): Promise<void>;
  putReceipt(bucket: string, key: string, bytes: Buffer): Promise<void>;
}

/** Source: S3, which copies larger objects in parts only. */
const MAX_COPY_BYTES = 5 * 2 ** 30;
const PART_BYTES = 2 ** 30;

/** Headers carry no other characters, and some servers answer those of others encoded. */
const PRINTABLE = /^[\x20-\x7e]*$/;

const sourceOf = ({ bucket, key, versionId }: ObjectPlace): string =>
  `${bucket}/${encodeURIComponent(key)}?versionId=${encodeURIComponent(versionId)}`;

export function createBucketWriter(s3: S3Client): BucketWriter {
  async function copyInParts(from: ObjectPlace, target: object, key: string, sizeBytes: number) {
    const place = { Bucket: from.bucket, Key: key };
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ ...place, ...target }));
    try {
      const Parts: { readonly PartNumber: number; readonly ETag: string | undefined }[] = [];
      for (let start = 0; start < sizeBytes; start += PART_BYTES) {
        const CopySourceRange = `bytes=${start}-${Math.min(start + PART_BYTES, sizeBytes) - 1}`;
        const PartNumber = Parts.length + 1;
        const part = { ...place, UploadId, PartNumber, CopySource: sourceOf(from), CopySourceRange };
        const { CopyPartResult } = await s3.send(new UploadPartCopyCommand(part));
        Parts.push({ PartNumber, ETag: CopyPartResult?.ETag });
      }
      return await s3.send(
        new CompleteMultipartUploadCommand({ ...place, UploadId, MultipartUpload: { Parts } }),
      );
    } catch (error) {
      await s3.send(new AbortMultipartUploadCommand({ ...place, UploadId }));
      throw error;
    }
  }

  return {
    async copy(from, key, head, metadata) {
      const kept = Object.entries(head.metadata).filter(([, value]) => PRINTABLE.test(value));
      const target = {
        ContentType: head.contentType,
        ContentEncoding: head.contentEncoding,
        ContentDisposition: head.contentDisposition,
        Metadata: { ...Object.fromEntries(kept), ...metadata },
      };
      try {
        const { VersionId } =
          head.sizeBytes > MAX_COPY_BYTES
            ? await copyInParts(from, target, key, head.sizeBytes)
            : await s3.send(
                new CopyObjectCommand({
                  Bucket: from.bucket,
                  Key: key,
                  CopySource: sourceOf(from),
                  MetadataDirective: 'REPLACE',
                  ...target,
                }),
              );
        return { bucket: from.bucket, key, versionId: VersionId ?? NULL_VERSION };
      } catch (error) {
        if (isGone(error) || (error as Error).name === 'InvalidObjectState') return null;
        throw translateS3Error(error);
      }
    },

    async remove({ bucket, key, versionId }) {
      try {
        await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId }));
      } catch (error) {
        if (!isGone(error)) throw translateS3Error(error);
      }
    },

    async putReceipt(bucket, key, bytes) {
      try {
        await s3.send(
          new PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes, ContentType: 'application/json' }),
        );
      } catch (error) {
        throw translateS3Error(error);
      }
    },
  };
}
