import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { makeWav } from '@callbay/testkit';

const PART_BYTES = 64 * 2 ** 20;

/** Puts an object of so many bytes, in parts: a recording whose header belongs to less than its bytes. */
export async function putLarge(
  s3: S3Client,
  place: { readonly Bucket: string; readonly Key: string },
  sizeBytes: number,
): Promise<void> {
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand(place));
  const Parts: { PartNumber: number; ETag: string | undefined }[] = [];
  const bytes = Buffer.alloc(PART_BYTES);
  makeWav({ seconds: 1, seed: 1 }).copy(bytes);
  for (let sent = 0; sent < sizeBytes; sent += PART_BYTES) {
    const Body = bytes.subarray(0, Math.min(PART_BYTES, sizeBytes - sent));
    const PartNumber = Parts.length + 1;
    const { ETag } = await s3.send(new UploadPartCommand({ ...place, UploadId, PartNumber, Body }));
    Parts.push({ PartNumber, ETag });
  }
  await s3.send(new CompleteMultipartUploadCommand({ ...place, UploadId, MultipartUpload: { Parts } }));
}
