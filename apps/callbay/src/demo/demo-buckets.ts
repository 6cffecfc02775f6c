import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  GetObjectCommand,
  ListObjectsV2Command,
  NoSuchKey,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { createBucketClients } from '@callbay/buckets';
import type { S3Drop } from '@callbay/contracts';
import {
  endGatewayIn,
  GATEWAY_OWNER,
  makeGatewayUser,
  readGatewayEndpoint,
  startGatewayIn,
} from '@callbay/embedded';
import { CommandError } from '../exit-codes.ts';
import type { OpenSession } from './upload.ts';

/** A server of buckets that the demo has for itself. */
export interface DemoBuckets {
  /** How the product reaches the server. */
  readonly settings: Readonly<Record<string, string>>;
  readonly openSession: OpenSession;
  /** Ends the server and removes what it holds. */
  stop(): Promise<void>;
}

const CUSTOMER = { name: 'customer', accessKeyId: 'customerkey', secretAccessKey: 'customersecret' };

/** Starts Ceph's object gateway in a temporary folder. Throws a CommandError with Ceph's message where it does not start. */
export async function startDemoBuckets(): Promise<DemoBuckets> {
  const folder = await mkdtemp(join(tmpdir(), 'callbay-demo-s3-'));
  try {
    await startGatewayIn(folder);
    const { arn } = await makeGatewayUser(folder, CUSTOMER);
    const endpoint = await readGatewayEndpoint(folder);
    const { s3, close } = createBucketClients({
      endpoint,
      region: 'us-east-1',
      credentials: CUSTOMER,
      usesPathStyle: true,
      checksums: 'required',
    });
    return {
      settings: {
        CALLBAY_S3_ENDPOINT: endpoint,
        CALLBAY_S3_ACCESS_KEY_ID: GATEWAY_OWNER.accessKeyId,
        CALLBAY_S3_SECRET_ACCESS_KEY: GATEWAY_OWNER.secretAccessKey,
      },
      openSession: openBucketSession(s3, arn, endpoint),
      stop: async () => {
        close();
        await endGatewayIn(folder);
      },
    };
  } catch (error) {
    await endGatewayIn(folder);
    throw new CommandError(
      `the S3 server of the demo did not start: ${(error as Error).message}`,
      undefined,
      {
        cause: error,
      },
    );
  }
}

const openBucketSession =
  (s3: S3Client, principalArn: string, endpoint: string): OpenSession =>
  async (api, tenantId) => {
    const drop = await api.call<S3Drop>('PUT', `/v1/tenants/${tenantId}/s3-drop`, {
      access: 'principal',
      principalArn,
    });
    if (drop.state !== 'ready') throw new CommandError(`the bucket was not made: ${drop.message}`);
    const { bucket: Bucket, prefix } = drop;
    const count = async (folder: string): Promise<number> => {
      const { KeyCount = 0 } = await s3.send(
        new ListObjectsV2Command({ Bucket, Prefix: `${prefix}${folder}/` }),
      );
      return KeyCount;
    };
    return {
      description: `bucket ${Bucket} at ${endpoint}`,
      upload: async ({ name, bytes }) => {
        await s3.send(new PutObjectCommand({ Bucket, Key: `${prefix}data/${name}`, Body: bytes }));
      },
      readReceipt: async (name) => {
        try {
          const { Body } = await s3.send(
            new GetObjectCommand({ Bucket, Key: `${prefix}receipts/${name}.json` }),
          );
          return Buffer.from((await Body?.transformToByteArray()) ?? []);
        } catch (error) {
          // It is written some moments after the outcome.
          if (error instanceof NoSuchKey) return null;
          throw error;
        }
      },
      countFiles: async () => ({
        data: await count('data'),
        processed: await count('processed'),
        rejected: await count('rejected'),
      }),
      [Symbol.asyncDispose]: async () => {},
    };
  };
