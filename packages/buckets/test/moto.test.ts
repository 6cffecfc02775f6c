// AWS as far as moto shows it: identities, users, queues, and policies that are enforced.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CreateAccessKeyCommand, CreateUserCommand, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import {
  CreateBucketCommand,
  GetBucketNotificationConfigurationCommand,
  ListObjectVersionsCommand,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { CreateQueueCommand } from '@aws-sdk/client-sqs';
import { type S3Step, withStep } from '@callbay/core';
import {
  objectFileId,
  type S3DropRequest,
  type S3DropRow,
  type S3Key,
  type S3Made,
} from '@callbay/ingestion';
import { until } from '@callbay/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BucketClients, createBucketClients, createS3Provisioner } from '../src/index.ts';

const isInstalled = spawnSync('moto_server', ['--help']).status === 0;
if (!isInstalled) console.warn('AWS is not tested: install moto with `pip install moto[server]`');

const REGION = 'eu-central-1';
const NOTHING: S3Made = { userName: null, accessKeyId: null, queueUrl: null };

describe.skipIf(!isInstalled)('provisioning at AWS', () => {
  let moto: ChildProcess;
  let endpoint = '';
  const opened: BucketClients[] = [];
  const clientsOf = (key: S3Key): BucketClients => {
    const clients = createBucketClients({
      endpoint,
      region: REGION,
      credentials: key,
      usesPathStyle: true,
      checksums: 'required',
    });
    opened.push(clients);
    return clients;
  };
  let root: BucketClients;
  let role: BucketClients;

  beforeAll(async () => {
    const port = 20_000 + Math.floor(Math.random() * 20_000);
    endpoint = `http://127.0.0.1:${port}`;
    moto = spawn('moto_server', ['-H', '127.0.0.1', '-p', `${port}`], { stdio: 'ignore' });
    const answers = () =>
      fetch(`${endpoint}/moto-api/`).then(
        (r) => r.ok,
        () => false,
      );
    await until('moto answers', answers, 60_000);
    const anybody = clientsOf({ accessKeyId: 'anybody', secretAccessKey: 'anybody' });
    const userWith = async (UserName: string, PolicyDocument: string): Promise<BucketClients> => {
      await anybody.iam.send(new CreateUserCommand({ UserName }));
      await anybody.iam.send(new PutUserPolicyCommand({ UserName, PolicyName: 'own', PolicyDocument }));
      const { AccessKey } = await anybody.iam.send(new CreateAccessKeyCommand({ UserName }));
      const { AccessKeyId: accessKeyId = '', SecretAccessKey: secretAccessKey = '' } = AccessKey ?? {};
      return clientsOf({ accessKeyId, secretAccessKey });
    };
    const all = { Effect: 'Allow', Action: '*', Resource: '*' };
    root = await userWith('root', JSON.stringify({ Version: '2012-10-17', Statement: [all] }));
    const own = await readFile(join(import.meta.dirname, '../../../docs/s3-policy.json'), 'utf8');
    // moto judges resources of S3 alone, takes those of all others for `*`, and has one action of its own.
    const known = own
      .replace(/"arn:aws:(sqs|iam)[^"]*"/g, '"*"')
      .replace('"s3:ListBucket"', '"s3:ListBucket", "s3:HeadBucket"');
    role = await userWith('callbay-role', known);
    await fetch(`${endpoint}/moto-api/reset-auth`, { method: 'POST', body: '0' });
  }, 120_000);
  afterAll(async () => {
    for (const clients of opened) clients.close();
    moto.kill('SIGKILL');
    await once(moto, 'exit');
  });

  const provisionerOf = (clients: BucketClients) =>
    createS3Provisioner(clients, {
      region: REGION,
      endpoint,
      events: 'sqs',
      bucketPrefix: 'callbay-',
      queueBuckets: 'callbay-*',
      retryMs: 0,
    });

  const requestOf = (tenantId: string, change: Partial<S3DropRequest> = {}): S3DropRequest => ({
    tenantId,
    bucket: `callbay-${tenantId}`,
    prefix: '',
    access: 'user',
    principalArn: null,
    allowAccountRoot: false,
    webhookUrl: null,
    ...change,
  });

  async function make(request: S3DropRequest, known: S3Made = NOTHING, clients = role) {
    let steps: S3Step[] = [];
    let made = known;
    const key = await provisionerOf(clients).makeDrop(request, known, async (step, now) => {
      steps = withStep(steps, step);
      made = now;
    });
    return { key, made, steps, failed: steps.find(({ state }) => state === 'failed') };
  }

  const rowOf = (request: S3DropRequest, made: S3Made): S3DropRow => ({
    ...request,
    ...made,
    region: REGION,
    endpoint,
    steps: [],
    brokenReason: null,
    createdAt: new Date(),
    listedAt: null,
    ignored: 0,
  });

  const put = (clients: BucketClients, Bucket: string, Key: string) =>
    clients.s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));

  test('our own role needs no more than docs/s3-policy.json, and a second run changes nothing', async () => {
    const request = requestOf('acme');
    const first = await make(request);
    expect(first.failed).toBeUndefined();
    expect(first.steps.map(({ state }) => state)).not.toContain('skipped');
    expect(first.key?.accessKeyId).toBe(first.made.accessKeyId);
    const again = await make(request, first.made);
    expect(again.failed).toBeUndefined();
    expect([again.key, again.made]).toEqual([null, first.made]);
  });

  test('the user of a drop writes data and nothing else, and sees no other bucket', async () => {
    const [mine, other] = [requestOf('mine'), requestOf('other')];
    const { key } = await make(mine);
    await make(other);
    const customer = clientsOf(key!);
    await put(customer, mine.bucket, 'data/a.wav');
    await expect(put(customer, mine.bucket, 'processed/a.wav')).rejects.toMatchObject({
      name: 'AccessDenied',
    });
    await expect(put(customer, other.bucket, 'data/a.wav')).rejects.toMatchObject({ name: 'AccessDenied' });
    const { Versions = [] } = await role.s3.send(new ListObjectVersionsCommand({ Bucket: mine.bucket }));
    expect(Versions).toHaveLength(1);
  });

  test('a rotation makes the second key and ends the first, or leaves it until the next', async () => {
    const request = requestOf('keys');
    const { key, made } = await make(request);
    const provisioner = provisionerOf(role);
    const kept = await provisioner.rotateKey(rowOf(request, made), { keepsPrevious: true });
    await put(clientsOf(key!), request.bucket, 'data/a');
    await put(clientsOf(kept), request.bucket, 'data/b');
    const now = { ...made, accessKeyId: kept.accessKeyId };
    const next = await provisioner.rotateKey(rowOf(request, now), { keepsPrevious: false });
    await put(clientsOf(next), request.bucket, 'data/c');
    for (const ended of [key!, kept])
      await expect(put(clientsOf(ended), request.bucket, 'data/d')).rejects.toMatchObject({
        name: 'InvalidAccessKeyId',
      });
  });

  test('a key whose answer never came ends when the drop is made again', async () => {
    const request = requestOf('lost');
    const { key, made } = await make(request);
    const again = await make(request, { ...made, accessKeyId: null });
    expect(again.key).not.toBeNull();
    await expect(put(clientsOf(key!), request.bucket, 'data/a')).rejects.toMatchObject({
      name: 'InvalidAccessKeyId',
    });
    await put(clientsOf(again.key!), request.bucket, 'data/a');
  });

  test('a step that fails is reported with its code, and the next run goes on from there', async () => {
    const request = requestOf('taken');
    const Bucket = request.bucket;
    const step = (await make({ ...request, bucket: 'Not_A_Bucket' })).failed;
    expect(step).toMatchObject({ step: 'bucket', state: 'failed' });
    await root.s3.send(
      new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: REGION } }),
    );
    expect((await make(request)).failed).toBeUndefined();
  });

  test('notifications of others stay, also when ours is taken away, and objects stay', async () => {
    const request = requestOf('shared');
    const { made } = await make(request);
    const { QueueUrl } = await root.sqs.send(new CreateQueueCommand({ QueueName: 'theirs' }));
    const read = async () =>
      (await role.s3.send(new GetBucketNotificationConfigurationCommand({ Bucket: request.bucket })))
        .QueueConfigurations ?? [];
    const QueueArn = `arn:aws:sqs:${REGION}:123456789012:theirs`;
    expect(QueueUrl).toContain('theirs');
    await role.s3.send(
      new PutBucketNotificationConfigurationCommand({
        Bucket: request.bucket,
        NotificationConfiguration: {
          QueueConfigurations: [
            ...(await read()),
            { Id: 'theirs', QueueArn, Events: ['s3:ObjectRemoved:*'] },
          ],
        },
      }),
    );
    expect((await make(request, made)).failed).toBeUndefined();
    expect((await read()).map(({ Id }) => Id).sort()).toEqual(['callbay-shared', 'theirs']);
    await put(root, request.bucket, 'data/a.wav');
    await provisionerOf(role).removeDrop(rowOf(request, made));
    expect((await read()).map(({ Id }) => Id)).toEqual(['theirs']);
    const { Versions = [] } = await role.s3.send(new ListObjectVersionsCommand({ Bucket: request.bucket }));
    expect(Versions.map(({ Key }) => Key)).toEqual(['data/a.wav']);
  });

  test('a drop that changes from a user of ours to a principal loses the user', async () => {
    const request = requestOf('moved');
    const { key, made } = await make(request);
    const principalArn = 'arn:aws:iam::123456789012:user/callbay-role';
    const moved = await make({ ...request, access: 'principal', principalArn }, made);
    expect(moved.failed).toBeUndefined();
    expect(moved.made).toMatchObject({ userName: null, accessKeyId: null });
    await expect(put(clientsOf(key!), request.bucket, 'data/a')).rejects.toMatchObject({
      name: 'InvalidAccessKeyId',
    });
  });
});

test('the id of a file is the same for one version however it is noticed, and differs for every other', () => {
  const place = { bucket: 'b', key: 'data/a', versionId: 'v' };
  expect(objectFileId(place)).toBe(objectFileId({ ...place }));
  expect(objectFileId(place)).toMatch(
    /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
  const others = [
    { ...place, versionId: 'w' },
    { ...place, key: 'data/b' },
    { ...place, bucket: 'bd' },
  ];
  expect(new Set([place, ...others].map(objectFileId)).size).toBe(4);
});
