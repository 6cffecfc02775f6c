// The S3 door with the clients that customers use, each as its page in docs/s3.md says.
import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import {
  isRgwInstalled,
  makeTenant,
  makeWav,
  openBucket,
  type RgwUser,
  type RunningCallbay,
  startCallbay,
  startRgw,
  type TestBucket,
  type TestRgw,
} from '@callbay/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const run = promisify(execFile);
const JSON_BODY = '{"datetime":"2026-03-02T10:00:00Z","email":"a@b.c","direction":"inbound"}';

interface World {
  readonly rgw: TestRgw;
  readonly customer: RgwUser;
  readonly bucket: TestBucket;
  /** Holds `a.json` and `a.wav`. */
  readonly folder: string;
}

interface Client {
  readonly name: string;
  isInstalled(): boolean;
  send(world: World): Promise<void>;
}

const answers = (program: string, ...args: string[]): boolean => spawnSync(program, args).status === 0;
const keysOf = ({ customer }: World) => ({
  AWS_ACCESS_KEY_ID: customer.accessKeyId,
  AWS_SECRET_ACCESS_KEY: customer.secretAccessKey,
  AWS_DEFAULT_REGION: 'us-east-1',
});
const environmentOf = (world: World) => ({ ...process.env, ...keysOf(world), HOME: world.folder });

const s3cmd: Client = {
  name: 's3cmd',
  isInstalled: () => answers('s3cmd', '--version'),
  async send(world) {
    const { rgw, customer, bucket, folder } = world;
    const host = rgw.endpoint.replace('http://', '');
    const args = [
      `--access_key=${customer.accessKeyId}`,
      `--secret_key=${customer.secretAccessKey}`,
      '--no-ssl',
    ];
    const files = [join(folder, 'in/a.json'), join(folder, 'in/a.wav')];
    await run('s3cmd', [
      ...args,
      `--host=${host}`,
      `--host-bucket=${host}`,
      'put',
      ...files,
      `s3://${bucket.drop.bucket}/data/`,
    ]);
  },
};

const rclone: Client = {
  name: 'rclone',
  isInstalled: () => answers('rclone', 'version'),
  async send(world) {
    const { rgw, customer, bucket, folder } = world;
    const remote = `:s3,provider=Ceph,env_auth=false,access_key_id=${customer.accessKeyId},secret_access_key=${customer.secretAccessKey},endpoint="${rgw.endpoint}",no_check_bucket=true:`;
    await run('rclone', ['move', join(folder, 'in'), `${remote}${bucket.drop.bucket}/data`], {
      env: { PATH: process.env.PATH, HOME: folder },
    });
  },
};

const awscli: Client = {
  name: 'awscli',
  isInstalled: () => answers('aws', '--version'),
  async send(world) {
    const { rgw, bucket, folder } = world;
    const target = `s3://${bucket.drop.bucket}/data/`;
    await run(
      'aws',
      ['--endpoint-url', rgw.endpoint, 's3', 'mv', join(folder, 'in'), target, '--recursive'],
      {
        env: { ...environmentOf(world), HOME: process.env.HOME ?? '/root' },
      },
    );
  },
};

const boto3: Client = {
  name: 'boto3',
  isInstalled: () => answers('python3', '-c', 'import boto3'),
  async send(world) {
    const { rgw, bucket, folder } = world;
    const program = `
import boto3
s3 = boto3.client('s3', endpoint_url='${rgw.endpoint}')
for name in ['a.json', 'a.wav']:
    s3.upload_file('${folder}/in/' + name, '${bucket.drop.bucket}', 'data/' + name)
`;
    await run('python3', ['-c', program], {
      env: { ...environmentOf(world), HOME: process.env.HOME ?? '/root' },
    });
  },
};

const sdkMultipart: Client = {
  name: 'the SDK in parts',
  isInstalled: () => true,
  async send({ bucket }) {
    const { customer, drop } = bucket;
    await bucket.put('a.json', JSON_BODY);
    const place = { Bucket: drop.bucket, Key: 'data/a.wav' };
    const { UploadId } = await customer.send(new CreateMultipartUploadCommand(place));
    const body = makeWav({ seconds: 1, seed: 1 });
    const part = { ...place, UploadId, PartNumber: 1 };
    const { ETag } = await customer.send(new UploadPartCommand({ ...part, Body: body }));
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
    await customer.send(new CompleteMultipartUploadCommand({ ...place, UploadId, MultipartUpload }));
  },
};

describe.skipIf(!isRgwInstalled())('clients of a bucket', () => {
  let callbay: RunningCallbay;
  let rgw: TestRgw;
  let customer: RgwUser;
  beforeAll(async () => {
    callbay = await startCallbay();
    rgw = await startRgw();
    customer = await rgw.makeUser('client');
  }, 120_000);
  afterAll(async () => {
    await rgw[Symbol.asyncDispose]();
    await callbay[Symbol.asyncDispose]();
  });

  for (const client of [s3cmd, rclone, awscli, boto3, sdkMultipart]) {
    const isInstalled = client.isInstalled();
    if (!isInstalled) console.warn(`${client.name} is not tested: it is not installed`);
    test.skipIf(!isInstalled)(
      `a pair that ${client.name} sends twice is one call, and nothing is left in data`,
      async () => {
        await using bucket = await openBucket(callbay, await makeTenant(callbay.db), { rgw, customer });
        const folder = await mkdtemp(join(tmpdir(), 'callbay-client-'));
        for (let n = 0; n < 2; n += 1) {
          await run('mkdir', ['-p', join(folder, 'in')]);
          await writeFile(join(folder, 'in/a.json'), JSON_BODY);
          await writeFile(join(folder, 'in/a.wav'), makeWav({ seconds: 1, seed: 1 }));
          await client.send({ rgw, customer, bucket, folder });
          await bucket.listing();
          await callbay.settle();
          await bucket.tend();
        }
        await rm(folder, { recursive: true, force: true });
        expect(await bucket.list('data')).toEqual([]);
        expect(await bucket.list('processed')).toEqual(['a.json', 'a.wav', 'a~2.json', 'a~2.wav']);
        const calls = await callbay.db.query('SELECT revision FROM calls WHERE tenant_id = $1', [
          bucket.tenantId,
        ]);
        expect(calls).toEqual([{ revision: 1 }]);
      },
      120_000,
    );
  }
});
