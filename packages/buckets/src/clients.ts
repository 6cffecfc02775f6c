import { IAMClient } from '@aws-sdk/client-iam';
import { S3Client } from '@aws-sdk/client-s3';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { STSClient } from '@aws-sdk/client-sts';

/** How the server of buckets is reached. */
export interface BucketServer {
  /** Null for AWS itself. */
  readonly endpoint: string | null;
  readonly region: string;
  /** Null: the SDK finds them, as in a role of a machine. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } | null;
  /** Buckets in the path, in place of the host name. */
  readonly usesPathStyle: boolean;
  /** Checksums of the SDK's own: servers that are not AWS refuse some of them. */
  readonly checksums: 'required' | 'supported';
}

export interface BucketClients {
  readonly s3: S3Client;
  readonly sqs: SQSClient;
  readonly sns: SNSClient;
  readonly iam: IAMClient;
  readonly sts: STSClient;
  close(): void;
}

/** One of each; none connects before it is used. */
export function createBucketClients(server: BucketServer): BucketClients {
  const { endpoint, region, credentials, usesPathStyle, checksums } = server;
  const common = {
    region,
    ...(endpoint === null ? {} : { endpoint }),
    // The SDK writes on what it is given.
    ...(credentials === null ? {} : { credentials: { ...credentials } }),
  };
  const when = checksums === 'required' ? 'WHEN_REQUIRED' : 'WHEN_SUPPORTED';
  const clients = {
    s3: new S3Client({
      ...common,
      forcePathStyle: usesPathStyle,
      requestChecksumCalculation: when,
      responseChecksumValidation: when,
    }),
    sqs: new SQSClient(common),
    sns: new SNSClient(common),
    iam: new IAMClient(common),
    sts: new STSClient(common),
  };
  return {
    ...clients,
    close: () => {
      for (const client of Object.values(clients)) client.destroy();
    },
  };
}
