import { HeadObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import {
  clientsOf,
  INSTALL_RGW,
  isRgwInstalled,
  makeWav,
  startProduct,
  startRgw,
  until,
} from '@callbay/testkit';
import { expect, test } from 'vitest';

interface Drop {
  readonly state: string;
  readonly bucket: string;
  readonly message: string | null;
  readonly steps: readonly { readonly step: string; readonly state: string }[];
  readonly documents?: Readonly<Record<string, unknown>>;
}

interface File {
  readonly name: string;
  readonly bucket: string;
  readonly key: string;
  readonly versionId: string;
  readonly drop: string;
  readonly receivedAt: string;
  readonly seenAt: string;
}

if (!isRgwInstalled()) console.warn(`buckets are not tested: install Ceph with \`${INSTALL_RGW}\``);

test.skipIf(!isRgwInstalled())(
  'what a customer puts into the bucket of a tenant comes out of the API as a call, told of by a pushed event',
  async () => {
    await using rgw = await startRgw();
    const customer = await rgw.makeUser('customer');
    await using product = await startProduct({
      CALLBAY_S3_ENDPOINT: rgw.endpoint,
      CALLBAY_S3_ACCESS_KEY_ID: rgw.own.accessKeyId,
      CALLBAY_S3_SECRET_ACCESS_KEY: rgw.own.secretAccessKey,
      CALLBAY_S3_BUCKET_PREFIX: `${customer.name}-`,
      CALLBAY_INTAKE_PROCESSES: '2',
    });
    await product.makeTenant('acme');
    const path = '/v1/tenants/acme/s3-drop';
    const access = { access: 'principal', principalArn: customer.arn };
    const plan = await product.api<Drop>('PUT', path, { ...access, dryRun: true });
    expect(Object.keys(plan.documents ?? {})).toContain('bucketPolicy');
    const drop = await product.api<Drop>('PUT', path, access);
    expect([drop.state, drop.message]).toEqual(['ready', null]);
    const { s3 } = clientsOf(rgw, customer);
    const put = (name: string, body: Buffer | string) =>
      s3.send(new PutObjectCommand({ Bucket: drop.bucket, Key: `data/${name}`, Body: body }));
    await put('a.json', '{"datetime":"2026-03-02T10:00:00Z","email":"a@b.c","direction":"inbound"}');
    const { VersionId } = await put('a.wav', makeWav({ seconds: 1, seed: 1 }));
    const calls = () => product.listAll<{ media: { name: string } }>('/v1/tenants/acme/calls');
    // Long before the first listing after the one that making the drop has caused.
    await until('the call', async () => (await calls()).length > 0, 30_000);
    expect(await calls()).toMatchObject([{ callId: 1, media: { name: 'a.wav' } }]);
    const keys = async (): Promise<string[]> => {
      const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: drop.bucket }));
      return Contents.map(({ Key = '' }) => Key).sort();
    };
    const moved = ['processed/a.json', 'processed/a.wav', 'receipts/a.json.json', 'receipts/a.wav.json'];
    await until('moves and receipts', async () => (await keys()).join() === moved.join(), 30_000);
    const files = await product.listAll<File>('/v1/tenants/acme/files');
    const wav = files.find(({ name }) => name === 'a.wav');
    expect(wav).toMatchObject({ drop: 's3', bucket: drop.bucket, key: 'processed/a.wav' });
    expect(wav?.versionId).not.toBe(VersionId);
    expect(Date.parse(wav?.seenAt ?? '')).toBeGreaterThanOrEqual(Date.parse(wav?.receivedAt ?? ''));
    const object = { Bucket: drop.bucket, Key: 'processed/a.wav', VersionId: wav?.versionId };
    expect((await s3.send(new HeadObjectCommand(object))).ContentLength).toBe(
      makeWav({ seconds: 1, seed: 1 }).length,
    );
    expect((await product.api<Drop>('POST', `${path}/reconcile`)).state).toBe('ready');
    await product.api('DELETE', path).catch((error: unknown) => {
      // The client parses every answer, and this one is empty.
      if (!(error instanceof SyntaxError)) throw error;
    });
    await expect(put('b.wav', 'x')).rejects.toMatchObject({ name: 'AccessDenied' });
    s3.destroy();
  },
  180_000,
);
