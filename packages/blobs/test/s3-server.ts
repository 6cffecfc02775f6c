import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { startRgw, type TestRgw } from '@callbay/testkit';
import { createS3BlobStore, type S3BlobStore, type S3Server } from '../src/index.ts';
import { createS3Client } from '../src/s3/s3-client.ts';

export interface TestStore {
  readonly store: S3BlobStore;
  readonly server: S3Server;
  readonly bucket: string;
  readonly folder: string;
  dispose(): Promise<void>;
}

export const serverOf = ({ endpoint, own }: TestRgw): S3Server => ({
  endpoint,
  region: 'us-east-1',
  credentials: own,
  usesPathStyle: true,
  checksums: 'required',
});

/** A store in a new bucket of a real server. */
export async function openStore(rgw: TestRgw, prefix = 'bytes/'): Promise<TestStore> {
  const server = serverOf(rgw);
  const bucket = `blobs-${randomBytes(6).toString('hex')}`;
  const client = createS3Client(server);
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  client.destroy();
  const folder = await mkdtemp(join(tmpdir(), 'callbay-s3-blobs-'));
  const store = createS3BlobStore({ server, bucket, prefix, spoolFolder: folder });
  return {
    store,
    server,
    bucket,
    folder,
    dispose: async () => {
      store.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export { startRgw };
