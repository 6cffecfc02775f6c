import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { open, readdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { CreateMultipartUploadCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { INSTALL_RGW, isRgwInstalled, startRgw, type TestRgw } from '@callbay/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { abortOldUploads } from '../src/s3/list-objects.ts';
import { createS3Client } from '../src/s3/s3-client.ts';
import { createSlots } from '../src/s3/send-object.ts';
import { describeBlobStore } from './blob-store-conformance.ts';
import { openStore, type TestStore } from './s3-server.ts';

const MIB = 1024 * 1024;
const hasRgw = isRgwInstalled();

describe.skipIf(!hasRgw)(`bytes in a bucket (skipped without Ceph: ${INSTALL_RGW})`, () => {
  let rgw: TestRgw;
  let subject: TestStore;

  beforeAll(async () => {
    rgw = await startRgw();
    subject = await openStore(rgw);
  }, 120_000);
  afterAll(async () => {
    await subject.dispose();
    await rgw[Symbol.asyncDispose]();
  });

  describeBlobStore('the S3 blob store', () => openStore(rgw));

  /** Bytes that tell their place: each MiB is of its number. */
  const bytesOf = (mib: number): Buffer =>
    Buffer.concat(Array.from({ length: mib }, (_none, index) => Buffer.alloc(MIB, index + 1)));
  const given = async (content: Buffer): Promise<string> => {
    const path = join(subject.folder, randomUUID());
    await writeFile(path, content);
    return path;
  };
  const openUploads = async (): Promise<number> => {
    const client = createS3Client(subject.server);
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: subject.bucket }));
    client.destroy();
    return Uploads.length;
  };

  test('a file of several parts is one object, and any range of it can be read', async () => {
    const bytes = bytesOf(40);
    const key = await subject.store.put('acme', 'blob-large', await given(bytes));
    expect(await subject.store.size('acme', key)).toBe(bytes.length);
    const range = { start: 16 * MIB - 2, end: 16 * MIB + 1 };
    expect([...(await buffer(await subject.store.read('acme', key, range)))]).toEqual([16, 16, 17, 17]);
    expect((await buffer(await subject.store.read('acme', key))).equals(bytes)).toBe(true);
    expect(await openUploads()).toBe(0);
  });

  test('parts that are sent ahead and written again are sent again', async () => {
    const bytes = bytesOf(37);
    const path = await given(bytes);
    const ahead = await subject.store.startAhead!('acme', 'blob-ahead', path);
    ahead.reach(34 * MIB);
    ahead.touch(17 * MIB, 17 * MIB + 1);
    bytes[17 * MIB] = 99;
    const file = await open(path, 'r+');
    await file.write(Buffer.from([99]), 0, 1, 17 * MIB);
    await file.close();
    const key = await subject.store.put('acme', 'blob-ahead', path);
    expect((await buffer(await subject.store.read('acme', key))).equals(bytes)).toBe(true);
    await ahead.abandon();
    expect(await subject.store.size('acme', key)).toBe(bytes.length);
  });

  test('a file that was cut after its parts were sent ahead is stored as it ends', async () => {
    const path = await given(bytesOf(33));
    const ahead = await subject.store.startAhead!('acme', 'blob-cut', path);
    ahead.reach(33 * MIB);
    ahead.touch(20 * MIB, 33 * MIB);
    await truncate(path, 20 * MIB);
    const key = await subject.store.put('acme', 'blob-cut', path);
    expect((await buffer(await subject.store.read('acme', key))).equals(bytesOf(20))).toBe(true);
  });

  test('an upload that is given up leaves no part behind', async () => {
    const before = await openUploads();
    const ahead = await subject.store.startAhead!('acme', 'blob-given-up', await given(bytesOf(17)));
    ahead.reach(17 * MIB);
    await ahead.abandon();
    expect(await openUploads()).toBe(before);
    expect(await subject.store.size('acme', 'acme/blob-given-up')).toBeNull();
  });

  test('of a bucket without our marker nothing is missing', async () => {
    const { server, bucket, folder } = subject;
    const { createS3BlobStore } = await import('../src/index.ts');
    const store = createS3BlobStore({
      server,
      bucket,
      prefix: 'elsewhere/',
      spoolFolder: folder,
      requiresMarker: true,
    });
    try {
      await expect(store.size('acme', 'acme/blob-1')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      expect(await store.marker.mark(async () => true)).toBe(false);
      expect(await store.marker.mark(async () => false, 'the-id')).toBe(true);
      expect(await store.marker.read()).toBe('the-id');
      expect(await store.size('acme', 'acme/blob-1')).toBeNull();
      await store.probeWrite();
    } finally {
      store.close();
    }
  });

  test('a server that cannot be reached says nothing about the bytes, and keeps the file', async () => {
    const { createS3BlobStore } = await import('../src/index.ts');
    const server = { ...subject.server, endpoint: 'http://127.0.0.1:9' };
    const store = createS3BlobStore({ ...subject, server, prefix: '', spoolFolder: subject.folder });
    const path = await given(Buffer.from('kept'));
    const away = { code: 'UNAVAILABLE', retryable: true };
    await expect(store.put('acme', 'blob-away', path)).rejects.toMatchObject(away);
    await expect(store.read('acme', 'acme/blob-away')).rejects.toMatchObject(away);
    expect(await readdir(subject.folder)).toContain(path.slice(subject.folder.length + 1));
    store.close();
  });

  test('a listing since an instant leaves older ids out, and ids that hold no time', async () => {
    const { newFileId } = await import('@callbay/ingestion');
    const now = Date.now();
    const [old, recent] = [newFileId(now - 5 * 86_400_000), newFileId(now)];
    for (const id of [old, recent, 'f'.repeat(32)])
      await subject.store.put('lister', id, await given(Buffer.from('x')));
    const found: string[] = [];
    for await (const { tenantId, key } of subject.store.list({ since: new Date(now - 86_400_000) }))
      if (tenantId === 'lister') found.push(key);
    expect(found).toEqual([`lister/${recent}`]);
  });

  test('parts of uploads that nobody completed are ended after two days, and younger ones are not', async () => {
    const client = createS3Client(subject.server);
    const Bucket = subject.bucket;
    await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'bytes/acme/broken-off' }));
    const bucket = { client, name: Bucket, sending: createSlots(1) };
    const inHours = (hours: number): Date => new Date(Date.now() + hours * 3_600_000);
    expect(await abortOldUploads(bucket, 'bytes/', inHours(47))).toBe(0);
    expect(await openUploads()).toBe(1);
    expect(await abortOldUploads(bucket, 'bytes/', inHours(49))).toBe(1);
    expect(await openUploads()).toBe(0);
    client.destroy();
  });

  /** More for a long run. */
  const LARGE_MIB = Number(process.env.BLOB_MIB ?? 256);

  test('the memory that a large object takes does not grow with its size', { timeout: 600_000 }, async () => {
    const { server, bucket, folder: spoolFolder } = subject;
    const options = JSON.stringify({ server, bucket, prefix: 'large/', spoolFolder });
    const script = join(import.meta.dirname, 'fixtures/put-large.ts');
    const run = promisify(execFile);
    const { stdout } = await run(process.execPath, [script, options, String(LARGE_MIB * MIB)]);
    const { startMib, peakMib } = JSON.parse(stdout) as { startMib: number; peakMib: number };
    console.log(
      `${LARGE_MIB} MiB: ${startMib.toFixed(0)} MiB of memory before, ${peakMib.toFixed(0)} at most`,
    );
    // Seen: 70 to 120, for 256 MiB as for 2 GiB.
    expect(peakMib - startMib).toBeLessThan(180);
  });
});
