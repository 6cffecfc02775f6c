// SFTP uploads into a bucket of a real server.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import {
  CreateBucketCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { createS3BlobStore, type S3BlobStore } from '@callbay/blobs';
import { clientsOf, INSTALL_RGW, isRgwInstalled, startRgw } from '@callbay/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Fixture, startFixture, type TestClient, until } from './fixture.ts';

const MIB = 1024 * 1024;
const hasRgw = isRgwInstalled();
if (!hasRgw) console.warn(`uploads into a bucket are not tested: install Ceph with \`${INSTALL_RGW}\``);

/** Bytes that tell their place: each MiB is of its number. */
const bytesOf = (mib: number): Buffer =>
  Buffer.concat(Array.from({ length: mib }, (_none, index) => Buffer.alloc(MIB, index + 1)));

describe.skipIf(!hasRgw)('SFTP uploads into a bucket', () => {
  const Bucket = `sftp-${randomBytes(6).toString('hex')}`;
  let s3: S3Client;
  let folder: string;
  let store: S3BlobStore;
  let fixture: Fixture;
  let client: TestClient;
  /** Refuses the next calls of `put`, as a bucket that is away does. */
  let refusals = 0;

  beforeAll(async () => {
    const rgw = await startRgw();
    folder = await mkdtemp(join(tmpdir(), 'callbay-sftp-bucket-'));
    s3 = clientsOf(rgw, rgw.own).s3;
    await s3.send(new CreateBucketCommand({ Bucket }));
    fixture = await startFixture({
      wrapBlobs: () => {
        const server = {
          endpoint: rgw.endpoint,
          region: 'us-east-1',
          credentials: rgw.own,
          usesPathStyle: true,
          checksums: 'required',
        } as const;
        store = createS3BlobStore({ server, bucket: Bucket, prefix: '', spoolFolder: folder });
        return {
          ...store,
          put: async (...args) => {
            if (refusals > 0) {
              refusals -= 1;
              throw Object.assign(new Error('away'), { code: 'UNAVAILABLE' });
            }
            return store.put(...args);
          },
        };
      },
    });
  }, 120_000);
  afterAll(async () => {
    await fixture[Symbol.asyncDispose]();
    store.close();
    s3.destroy();
    await rm(folder, { recursive: true, force: true });
  });
  afterEach(async () => {
    await client.kill();
    await until(async () => (await openUploads()).length === 0);
  });

  const openUploads = async () => (await s3.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads ?? [];
  /** Parts of the one upload under way. */
  const partsSent = async (): Promise<number> => {
    const [upload] = await openUploads();
    if (upload?.Key === undefined || upload.UploadId === undefined) return 0;
    const { Parts = [] } = await s3.send(
      new ListPartsCommand({ Bucket, Key: upload.Key, UploadId: upload.UploadId }),
    );
    return Parts.length;
  };
  const writeAll = async (handle: Buffer, bytes: Buffer, from = 0): Promise<void> => {
    for (let at = from; at < bytes.length; at += 256 * 1024)
      await client.write(handle, bytes.subarray(at, at + 256 * 1024), at);
  };
  const storedAs = async (name: string): Promise<Buffer> => {
    const file = fixture.drop.files.findLast((candidate) => candidate.name === name);
    return buffer(await store.read('acme', file!.blobKey));
  };

  test('parts are sent while the upload goes on, and CLOSE only waits for the last', async () => {
    client = await fixture.connect();
    const bytes = bytesOf(40);
    const handle = await client.open('a.wav', 'w');
    await writeAll(handle, bytes.subarray(0, 34 * MIB));
    await until(async () => (await partsSent()) === 2);
    expect(fixture.drop.files).toEqual([]);
    await writeAll(handle, bytes, 34 * MIB);
    await client.close(handle);
    expect((await storedAs('a.wav')).equals(bytes)).toBe(true);
    expect(await fixture.spooled()).toEqual([]);
  });

  test('what is written again after it was sent, cut, or written in disorder is stored as it is at the end', async () => {
    client = await fixture.connect();
    const bytes = bytesOf(36);
    const handle = await client.open('b.wav', 'w');
    await writeAll(handle, bytes.subarray(0, 33 * MIB));
    await until(async () => (await partsSent()) === 2);
    bytes.fill(200, 3, 90);
    await client.write(handle, bytes.subarray(3, 90), 3);
    await client.do((sftp, done) => sftp.fsetstat(handle, { size: 20 * MIB }, done));
    // From the end, backwards.
    for (let at = 35 * MIB; at >= 20 * MIB; at -= 256 * 1024)
      await client.write(handle, bytes.subarray(at, Math.min(at + 256 * 1024, bytes.length)), at);
    await client.write(handle, bytes.subarray(35 * MIB), 35 * MIB);
    await client.close(handle);
    expect((await storedAs('b.wav')).equals(bytes)).toBe(true);
  });

  test('an upload that breaks off leaves no part, and is continued where it had come to', async () => {
    client = await fixture.connect();
    const bytes = bytesOf(37);
    const handle = await client.open('c.wav', 'w');
    await writeAll(handle, bytes.subarray(0, 33 * MIB));
    await until(async () => (await partsSent()) === 2);
    await client.kill();
    await until(async () => (await openUploads()).length === 0);
    client = await fixture.connect();
    expect((await client.stat('c.wav')).size).toBe(33 * MIB);
    const again = await client.open('c.wav', 'r+');
    await writeAll(again, bytes, 33 * MIB);
    await client.close(again);
    expect((await storedAs('c.wav')).equals(bytes)).toBe(true);
  });

  test('an upload that the bucket refuses is not acknowledged, and its end can be sent again', async () => {
    client = await fixture.connect();
    const bytes = bytesOf(18);
    const handle = await client.open('d.wav', 'w');
    await writeAll(handle, bytes);
    refusals = 1;
    await expect(client.close(handle)).rejects.toMatchObject({ code: 4 });
    expect(fixture.drop.files.filter(({ name }) => name === 'd.wav')).toEqual([]);
    const again = await client.open('d.wav', 'r+');
    await client.close(again);
    expect((await storedAs('d.wav')).equals(bytes)).toBe(true);
  });

  test('a file under a temporary name is not sent before it has its real one', async () => {
    client = await fixture.connect();
    const bytes = bytesOf(33);
    const handle = await client.open('e.wav.part', 'w');
    await writeAll(handle, bytes);
    await client.close(handle);
    expect(await openUploads()).toEqual([]);
    await client.do((sftp, done) => sftp.rename('e.wav.part', 'e.wav', done));
    expect((await storedAs('e.wav')).equals(bytes)).toBe(true);
  });
});
