import { GetBucketVersioningCommand, type S3Client } from '@aws-sdk/client-s3';
import { codeOf, statusOf } from './step-error.ts';

/** Answers why a bucket does not work as it was set up, in words for the operator; null where it does. */
export const createBucketCheck =
  (s3: S3Client) =>
  async ({ bucket }: { readonly bucket: string }): Promise<string | null> => {
    try {
      const { Status } = await s3.send(new GetBucketVersioningCommand({ Bucket: bucket }));
      if (Status === 'Enabled') return null;
      return 'The bucket keeps no versions any more: files could change while they are read.';
    } catch (error) {
      if (statusOf(error) === 404) return 'The bucket is gone.';
      return `The bucket cannot be read: the server answered ${codeOf(error)}.`;
    }
  };
