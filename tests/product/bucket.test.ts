// The whole product on a bucket: what it stores is objects, and nothing of it rests on its disk.
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
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

const MAIN = join(import.meta.dirname, '../../apps/callbay/src/main.ts');
const runFile = promisify(execFile);
const callbay = (args: readonly string[], env: Record<string, string>) =>
  runFile(process.execPath, [MAIN, ...args], { env: { ...process.env, ...env } });
const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const EIGHT_DAYS = `received_at - interval '8 days', seen_at = seen_at - interval '8 days'`;

test.skipIf(!isRgwInstalled())(
  'a pair sent by SFTP rests in the bucket, is served by range from there, backed up, and purged there',
  async () => {
    await using rgw = await startRgw();
    await using database = await createTestDatabase({ isEmpty: true });
    const { s3 } = clientsOf(rgw, rgw.own);
    const Bucket = `product-${randomBytes(6).toString('hex')}`;
    await s3.send(new CreateBucketCommand({ Bucket }));
    const server = {
      CALLBAY_S3_ENDPOINT: rgw.endpoint,
      CALLBAY_S3_ACCESS_KEY_ID: rgw.own.accessKeyId,
      CALLBAY_S3_SECRET_ACCESS_KEY: rgw.own.secretAccessKey,
    };
    const env = {
      ...server,
      DATABASE_URL: database.connectionString,
      CALLBAY_SECRET_KEY: randomBytes(32).toString('base64'),
      CALLBAY_BLOBS: `s3://${Bucket}/bytes`,
    };
    await using product = await startProduct(env);
    const objects = async (prefix = 'bytes'): Promise<string[]> => {
      const { Contents = [] } = await s3.send(
        new ListObjectsV2Command({ Bucket, Prefix: `${prefix}/acme/` }),
      );
      return Contents.map(({ Key = '' }) => Key).sort();
    };
    const user = await product.makeTenant('acme');
    await using client = await openSftp(product.sftpPort, user);
    // Two parts.
    const wav = makeWav({ seconds: 540, seed: 1, sampleRate: 16_000 });
    expect(wav.length).toBeGreaterThan(16 * 1024 * 1024);
    await client.put('a.wav', wav);
    await client.put('a.json', '{"datetime":"2026-03-02T10:00:00Z","email":"a@b.c","direction":"inbound"}');
    await client.put('alone.wav', makeWav({ seconds: 1, seed: 2 }));
    // What a process of its own reads from a local copy.
    await client.put('b.wav', makeWav({ seconds: 1, seed: 3 }));
    const rows = ['b.wav', 'absent.wav'].map((name) => `2026-03-02T10:00:00Z,a@b.c,inbound,${name}\n`);
    await client.put('day.csv', `datetime,email,direction,filename\n${rows.join('')}`);
    const calls = () => product.listAll<Call>('/v1/tenants/acme/calls');
    await until('the calls', async () => (await calls()).length === 2, 60_000);
    const sha256 = sha256Of(wav);
    const found = (await calls()).find(({ media }) => media.name === 'a.wav')!;
    expect(found.media).toMatchObject({ sizeBytes: wav.length, sha256 });
    expect(await objects()).toHaveLength(5);
    expect(await readdir(join(product.home, 'blobs')).catch(() => [])).toEqual([]);

    const { callId } = found;
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

    // A backup of the bucket restores to disk, and that of the disk to a bucket.
    const folder = await mkdtemp(join(tmpdir(), 'callbay-bucket-backup-'));
    const [first, second] = [join(folder, 'first.tar'), join(folder, 'second.tar')];
    await callbay(['backup', first], { ...env, CALLBAY_HOME: product.home });
    await using onDisk = await createTestDatabase({ isEmpty: true });
    const disk = {
      CALLBAY_HOME: join(folder, 'disk'),
      DATABASE_URL: onDisk.connectionString,
      CALLBAY_SECRET_KEY: env.CALLBAY_SECRET_KEY,
    };
    await callbay(['restore', first], disk);
    const files = await readdir(join(disk.CALLBAY_HOME, 'blobs', 'acme'), {
      recursive: true,
      withFileTypes: true,
    });
    const saved = files.filter((entry) => entry.isFile());
    const digests = async (bytes: (name: string) => Promise<Uint8Array>, names: readonly string[]) =>
      (await Promise.all(names.map(async (name) => sha256Of(await bytes(name))))).sort();
    const ofDisk = await digests(
      readFile,
      saved.map(({ parentPath, name }) => join(parentPath, name)),
    );
    const inBucket = async (Key: string): Promise<Uint8Array> =>
      (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body!.transformToByteArray();
    const original = await digests(inBucket, await objects());
    expect(original).toContain(sha256);
    expect(ofDisk).toEqual(original);
    await callbay(['backup', second], disk);
    await using moved = await createTestDatabase({ isEmpty: true });
    const elsewhere = {
      ...env,
      CALLBAY_HOME: join(folder, 'bucket'),
      DATABASE_URL: moved.connectionString,
      CALLBAY_BLOBS: `s3://${Bucket}/moved`,
    };
    await callbay(['restore', second], elsewhere);
    expect(await digests(inBucket, await objects('moved'))).toEqual(original);
    // Neither home fits the other's bytes.
    const doctor = async (more: Record<string, string>): Promise<Record<string, string>> => {
      const { stdout } = await callbay(['doctor', '--json'], { ...elsewhere, ...more }).catch(
        (failed: { stdout: string }) => failed,
      );
      const found = JSON.parse(stdout) as { check: string; status: string }[];
      return Object.fromEntries(found.map(({ check, status }) => [check, status]));
    };
    expect(await doctor({})).toMatchObject({ bucket: 'ok', installation: 'ok' });
    const mixed = { CALLBAY_BLOBS: env.CALLBAY_BLOBS };
    expect(await doctor(mixed)).toMatchObject({ bucket: 'ok', installation: 'fail' });
    expect(await doctor({ CALLBAY_S3_SECRET_ACCESS_KEY: 'wrong' })).toMatchObject({ bucket: 'fail' });
    await rm(folder, { recursive: true, force: true });

    // A week later: the calls keep their recordings, the rest goes.
    const { db } = database;
    await db.execute(`UPDATE files SET received_at = ${EIGHT_DAYS}`);
    const { pipeline } = await product.pids();
    process.kill(pipeline!, 'SIGTERM');
    await until('the purge', async () => (await objects()).length === 2, 60_000);
    expect((await media('bytes=0-3')).bytes.toString()).toBe('RIFF');
    s3.destroy();
  },
  180_000,
);
