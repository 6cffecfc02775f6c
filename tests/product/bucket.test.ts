// The whole product on a bucket: what it stores is objects, and nothing of it rests on its disk.
import { createHash, randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CreateBucketCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import {
  clientsOf,
  createTestDatabase,
  INSTALL_RGW,
  isRgwInstalled,
  makeWav,
  openSftp,
  startProduct,
  startRgw,
  until,
} from '@callbay/testkit';
import { expect, test } from 'vitest';

interface Call {
  readonly callId: number;
  readonly media: { readonly name: string; readonly sizeBytes: number; readonly sha256: string };
}

if (!isRgwInstalled()) console.warn(`bytes in a bucket are not tested: install Ceph with \`${INSTALL_RGW}\``);

const EIGHT_DAYS = `received_at - interval '8 days', seen_at = seen_at - interval '8 days'`;

test.skipIf(!isRgwInstalled())(
  'a pair sent by SFTP rests in the bucket, is served by range from there, and is purged there',
  async () => {
    await using rgw = await startRgw();
    await using database = await createTestDatabase({ isEmpty: true });
    const { s3 } = clientsOf(rgw, rgw.own);
    const Bucket = `product-${randomBytes(6).toString('hex')}`;
    await s3.send(new CreateBucketCommand({ Bucket }));
    await using product = await startProduct({
      DATABASE_URL: database.connectionString,
      CALLBAY_SECRET_KEY: randomBytes(32).toString('base64'),
      CALLBAY_BLOBS: `s3://${Bucket}/bytes`,
      CALLBAY_S3_ENDPOINT: rgw.endpoint,
      CALLBAY_S3_ACCESS_KEY_ID: rgw.own.accessKeyId,
      CALLBAY_S3_SECRET_ACCESS_KEY: rgw.own.secretAccessKey,
    });
    const objects = async (): Promise<string[]> => {
      const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'bytes/acme/' }));
      return Contents.map(({ Key = '' }) => Key).sort();
    };
    const user = await product.makeTenant('acme');
    await using client = await openSftp(product.sftpPort, user);
    // Three parts.
    const wav = makeWav({ seconds: 1_100, seed: 1, sampleRate: 16_000 });
    expect(wav.length).toBeGreaterThan(32 * 1024 * 1024);
    await client.put('a.wav', wav);
    await client.put('a.json', '{"datetime":"2026-03-02T10:00:00Z","email":"a@b.c","direction":"inbound"}');
    await client.put('alone.wav', makeWav({ seconds: 1, seed: 2 }));
    const calls = () => product.listAll<Call>('/v1/tenants/acme/calls');
    await until('the call', async () => (await calls()).length > 0, 60_000);
    const sha256 = createHash('sha256').update(wav).digest('hex');
    expect(await calls()).toMatchObject([{ media: { name: 'a.wav', sizeBytes: wav.length, sha256 } }]);
    expect(await objects()).toHaveLength(3);
    expect(await readdir(join(product.home, 'blobs')).catch(() => [])).toEqual([]);

    const [{ callId }] = (await calls()) as [Call];
    const media = async (range: string): Promise<{ status: number; bytes: Buffer }> => {
      const headers = { authorization: `Bearer ${product.key}`, range };
      const response = await fetch(`${product.url}/v1/tenants/acme/calls/${callId}/media`, { headers });
      return { status: response.status, bytes: Buffer.from(await response.arrayBuffer()) };
    };
    const border = 16 * 1024 * 1024;
    expect(await media(`bytes=${border - 5}-${border + 4}`)).toEqual({
      status: 206,
      bytes: wav.subarray(border - 5, border + 5),
    });

    // A week later: the call keeps its recording, the rest goes.
    const { db } = database;
    await db.execute(`UPDATE files SET received_at = ${EIGHT_DAYS}`);
    const { pipeline } = await product.pids();
    process.kill(pipeline!, 'SIGTERM');
    await until('the purge', async () => (await objects()).length === 1, 60_000);
    expect((await media('bytes=0-3')).bytes.toString()).toBe('RIFF');
    s3.destroy();
  },
  180_000,
);
