// Kills between any two steps of bytes on their way into a bucket, out of it, and away.
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { CreateBucketCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import {
  clientsOf,
  createTestDatabase,
  INSTALL_RGW,
  isRgwInstalled,
  makeWav,
  openSftp,
  type RunningProduct,
  startProduct,
  startRgw,
  until,
} from '@callbay/testkit';
import { expect, onTestFailed, test } from 'vitest';
import { type Passing, relayS3, type Trap } from './s3-relay.ts';

interface File {
  readonly name: string;
  readonly state: string;
  readonly outcome: { readonly code: string } | null;
}
interface Call {
  readonly callId: number;
  readonly media: { readonly name: string; readonly sha256: string };
}
type Role = 'intake' | 'pipeline';

if (!isRgwInstalled()) console.warn(`kills are not tested on a bucket: install Ceph with \`${INSTALL_RGW}\``);

const is = (method: string, part: (url: URL) => boolean) => (passing: Passing) =>
  passing.method === method && passing.url.pathname.includes('/bytes/acme/') && part(passing.url);
const whole = (url: URL): boolean => !url.searchParams.has('uploadId') && !url.searchParams.has('uploads');

/** Steps of a large file: it is sent in parts, then its row is committed, then its object is looked for. */
const IN_PARTS: readonly (Pick<Trap, 'fits' | 'when'> & { readonly title: string })[] = [
  {
    title: 'before the upload is begun',
    fits: is('POST', (url) => url.searchParams.has('uploads')),
    when: 'before',
  },
  {
    title: 'after the upload is begun',
    fits: is('POST', (url) => url.searchParams.has('uploads')),
    when: 'after',
  },
  {
    title: 'after a part',
    fits: is('PUT', (url) => url.searchParams.get('partNumber') === '1'),
    when: 'after',
  },
  {
    title: 'before the upload is completed',
    fits: is('POST', (url) => url.searchParams.has('uploadId')),
    when: 'before',
  },
  {
    title: 'after the upload is completed',
    fits: is('POST', (url) => url.searchParams.has('uploadId')),
    when: 'after',
  },
  { title: 'before the object is looked for', fits: is('HEAD', whole), when: 'before' },
  { title: 'after the object was found', fits: is('HEAD', whole), when: 'after' },
];
const IN_ONE: typeof IN_PARTS = [
  { title: 'before a small object', fits: is('PUT', whole), when: 'before' },
  { title: 'after a small object', fits: is('PUT', whole), when: 'after' },
];
const READING: typeof IN_PARTS = [
  { title: 'before it is read', fits: is('GET', whole), when: 'before' },
  { title: 'after it is read', fits: is('GET', whole), when: 'after' },
];
const PURGING: typeof IN_PARTS = [
  { title: 'before it is removed', fits: is('DELETE', whole), when: 'before' },
  { title: 'after it is removed', fits: is('DELETE', whole), when: 'after' },
];

async function kill(product: RunningProduct, role: Role): Promise<void> {
  const pid = await until(`a ${role} to kill`, async () => (await product.pids())[role], 30_000);
  process.kill(pid, 'SIGKILL');
  await until('its end', async () => (await product.pids())[role] !== pid);
}

test.skipIf(!isRgwInstalled())(
  'a kill between any two steps in the bucket loses nothing acknowledged and surfaces nothing twice',
  async () => {
    await using rgw = await startRgw();
    await using relay = await relayS3(rgw.endpoint);
    await using database = await createTestDatabase({ isEmpty: true });
    const { s3 } = clientsOf(rgw, rgw.own);
    const Bucket = `kill-${randomBytes(6).toString('hex')}`;
    await s3.send(new CreateBucketCommand({ Bucket }));
    await using product = await startProduct({
      DATABASE_URL: database.connectionString,
      CALLBAY_SECRET_KEY: randomBytes(32).toString('base64'),
      CALLBAY_BLOBS: `s3://${Bucket}/bytes`,
      CALLBAY_S3_ENDPOINT: relay.endpoint,
      CALLBAY_S3_ACCESS_KEY_ID: rgw.own.accessKeyId,
      CALLBAY_S3_SECRET_ACCESS_KEY: rgw.own.secretAccessKey,
    });
    onTestFailed(() => console.log(product.log().split('\n').slice(-60).join('\n')));
    const user = await product.makeTenant('acme');
    /** Sends as clients do: again until it is acknowledged, from where it had come to. */
    const send = async (name: string, bytes: Buffer): Promise<void> => {
      await until(
        `${name} acknowledged`,
        async () => {
          const client = await openSftp(product.sftpPort, user).catch(() => null);
          if (client === null) return false;
          try {
            // A request to a connection that is gone is never answered.
            const lost = once(client.sftp, 'close').then(() => Promise.reject(new Error('lost')));
            lost.catch(() => undefined);
            const { size } = await Promise.race([client.stat(name).catch(() => ({ size: 0 })), lost]);
            const isBegun = size > 0 && size <= bytes.length;
            await Promise.race([
              isBegun ? client.writeAt(name, bytes.subarray(size), size) : client.put(name, bytes),
              lost,
            ]);
            return true;
          } catch {
            return false;
          } finally {
            client.kill();
          }
        },
        60_000,
      );
    };
    const digests = new Map<string, string>();
    const sidecar = (n: number): Buffer =>
      Buffer.from(`{"datetime":"2026-03-02T10:00:${10 + n}Z","email":"a@b.c","direction":"inbound"}`);
    let n = 0;
    const sendPair = async (bytes: Buffer, traps: Promise<void>): Promise<void> => {
      const name = `k${n}`;
      digests.set(`${name}.wav`, createHash('sha256').update(bytes).digest('hex'));
      await send(`${name}.wav`, bytes);
      await send(`${name}.json`, sidecar(n));
      n += 1;
      await traps;
    };
    const trap = (step: Pick<Trap, 'fits' | 'when'>, role: Role): Promise<void> =>
      relay.set({ ...step, spring: () => kill(product, role) });
    const large = makeWav({ seconds: 540, sampleRate: 16_000, seed: 1 });
    for (const step of IN_PARTS) {
      const bytes = Buffer.from(large);
      bytes.writeInt16LE(n, 1_000);
      await sendPair(bytes, trap(step, 'intake'));
    }
    for (const step of IN_ONE) await sendPair(makeWav({ seconds: 1, seed: 50 + n }), trap(step, 'intake'));
    const settled = () =>
      until(
        'every call',
        async () => (await product.listAll<Call>('/v1/tenants/acme/calls')).length === n,
        90_000,
      );
    await settled();
    for (const step of READING) {
      await sendPair(makeWav({ seconds: 1, seed: 50 + n }), trap(step, 'pipeline'));
      await settled();
    }

    const files = await until('every file ended', async () => {
      const found = await product.listAll<File>('/v1/tenants/acme/files');
      return found.every(({ state }) => state === 'done') ? found : null;
    });
    const codes = new Set(files.map(({ outcome }) => outcome?.code));
    for (const code of codes) expect(['SURFACED', 'DUPLICATE', 'UNCHANGED']).toContain(code);
    expect(files.filter(({ outcome }) => outcome?.code === 'SURFACED')).toHaveLength(2 * n);
    const calls = await product.listAll<Call>('/v1/tenants/acme/calls');
    expect(new Map(calls.map(({ media }) => [media.name, media.sha256]))).toEqual(digests);
    expect(calls).toHaveLength(n);
    for (const { callId, media } of calls) {
      const headers = { authorization: `Bearer ${product.key}` };
      const response = await fetch(`${product.url}/v1/tenants/acme/calls/${callId}/media`, { headers });
      const bytes = Buffer.from(await response.arrayBuffer());
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(media.sha256);
    }

    // A week later.
    for (const step of PURGING) {
      const sprung = trap(step, 'pipeline');
      await database.db.execute(
        `UPDATE files SET received_at = received_at - interval '8 days', seen_at = seen_at - interval '8 days'
          WHERE name = $1`,
        [step === PURGING[0] ? 'k0.json' : 'k1.json'],
      );
      const pid = await until('a pipeline', async () => (await product.pids()).pipeline, 30_000);
      process.kill(pid, 'SIGTERM');
      await sprung;
    }
    const keys = async (sql: string): Promise<string[]> =>
      (await database.db.query<{ key: string }>(sql)).map(({ key }) => key);
    const inBucket = async (): Promise<string[]> => {
      const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'bytes/acme/' }));
      return Contents.map(({ Key = '' }) => Key.slice('bytes/'.length));
    };
    const here = new Set(await inBucket());
    const kept = await keys(
      `SELECT blob_key AS key FROM files WHERE blob_key IS NOT NULL AND purged_at IS NULL`,
    );
    expect(kept.filter((key) => !here.has(key))).toEqual([]);
    // Rows say so first. What a kill left between is an orphan, which the sweep of a later day removes.
    const gone = await keys(`SELECT blob_key AS key FROM files WHERE purged_at IS NOT NULL ORDER BY name`);
    expect(gone.map((key) => here.has(key))).toEqual([true, false]);
    s3.destroy();
  },
  420_000,
);
