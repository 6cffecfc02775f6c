import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import {
  type BucketClients,
  createBucketCheck,
  createBucketClients,
  createS3Provisioner,
} from '@callbay/buckets';
import { ENDLESS_ROOM, type JobQueue, putS3Drop, type S3DropRow } from '@callbay/ingestion';
import {
  createDropView,
  createFileReceiver,
  createMoveStore,
  createS3DropStore,
  createS3Store,
} from '@callbay/postgres';
import {
  createBucketReader,
  createBucketWriter,
  createS3Turns,
  createStreamedBytes,
  type S3ServerDeps,
} from '@callbay/sources';
import type { RunningCallbay } from './start-callbay.ts';
import type { RgwUser, TestRgw } from './start-rgw.ts';

/** A tenant's bucket on a real server, worked on command. */
export interface TestBucket extends AsyncDisposable {
  readonly tenantId: string;
  readonly drop: S3DropRow;
  /** The customer's own client. */
  readonly customer: S3Client;
  readonly clients: BucketClients;
  /** What the listener stands on. */
  readonly deps: S3ServerDeps;
  /** Errors that an operator would see. */
  readonly errors: object[];
  /** Answers the version. */
  put(name: string, bytes: Buffer | string): Promise<string>;
  rename(from: string, to: string): Promise<void>;
  remove(name: string): Promise<void>;
  /** Names in one of the folders, as its customer lists them. */
  list(folder: string): Promise<string[]>;
  receipt(name: string): Promise<{ state: string; outcome: { code: string } | null }>;
  /** An event as the server would push it. */
  event(body: string): Promise<void>;
  /** Lists the bucket, as happens every few minutes. */
  listing(): Promise<void>;
  /** Moves and writes receipts until there is nothing left to do. */
  tend(): Promise<void>;
}

export const clientsOf = ({ endpoint }: Pick<TestRgw, 'endpoint'>, user: RgwUser): BucketClients =>
  createBucketClients({
    endpoint,
    region: 'us-east-1',
    credentials: user,
    usesPathStyle: true,
    checksums: 'required',
  });

export interface OpenBucketOptions {
  readonly rgw: TestRgw;
  readonly customer: RgwUser;
  readonly changes?: Partial<S3ServerDeps>;
  /** Versions on a page of a listing. */
  readonly pageVersions?: number;
}

export async function openBucket(
  callbay: Pick<RunningCallbay, 'db' | 'blobs' | 'spoolDir'> & {
    readonly deps: { readonly queue: JobQueue };
  },
  tenantId: string,
  { rgw, customer, changes = {}, pageVersions }: OpenBucketOptions,
): Promise<TestBucket> {
  const { db } = callbay;
  const clients = clientsOf(rgw, rgw.own);
  const own = clientsOf(rgw, customer);
  const bucketPrefix = `t${randomBytes(4).toString('hex')}-`;
  const { drop } = await putS3Drop(
    {
      drops: createS3DropStore(db),
      provisioner: createS3Provisioner(clients, {
        region: 'us-east-1',
        endpoint: rgw.endpoint,
        events: 'list',
        bucketPrefix,
        queueBuckets: `${bucketPrefix}*`,
        retryMs: 0,
      }),
      names: { bucketPrefix, sharedBucket: null },
      tokenKey: new Uint8Array(32),
      webhookBase: null,
    },
    {
      tenantId,
      access: { access: 'principal', principalArn: customer.arn, allowAccountRoot: false },
      by: { name: 'tests', remoteAddress: null },
    },
  );
  const failed = drop.steps.find(({ state }) => state === 'failed');
  if (failed !== undefined) throw new Error(`${failed.step}: ${failed.code} ${failed.message}`);
  const errors: object[] = [];
  const reader = createBucketReader(clients.s3, pageVersions === undefined ? {} : { pageVersions });
  const store = createS3Store(db);
  const deps: S3ServerDeps = {
    store,
    moves: createMoveStore(db),
    view: createDropView(db),
    receiver: createFileReceiver(db),
    room: ENDLESS_ROOM,
    blobs: callbay.blobs,
    queue: callbay.deps.queue,
    reader,
    writer: createBucketWriter(clients.s3),
    bytes: createStreamedBytes(
      { reader, blobs: callbay.blobs },
      { spool: join(callbay.spoolDir, 'buckets') },
    ),
    sqs: null,
    checkBucket: createBucketCheck(clients.s3),
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: (detail) => errors.push(detail) },
    inBackground: () => {},
    ...changes,
  };
  const turns = createS3Turns(deps, { listMs: 300_000 });
  const Bucket = drop.bucket;
  const keyOf = (name: string): string => `${drop.prefix}data/${name}`;
  const { s3 } = own;
  const tend = async (): Promise<void> => {
    while (await turns.tending());
  };
  return {
    tenantId,
    drop,
    customer: s3,
    clients,
    deps,
    errors,
    put: async (name, bytes) => {
      const { VersionId } = await s3.send(
        new PutObjectCommand({
          Bucket,
          Key: keyOf(name),
          Body: typeof bytes === 'string' ? Buffer.from(bytes) : bytes,
        }),
      );
      return VersionId ?? '';
    },
    rename: async (from, to) => {
      const CopySource = `${Bucket}/${encodeURIComponent(keyOf(from))}`;
      await s3.send(new CopyObjectCommand({ Bucket, Key: keyOf(to), CopySource }));
      await s3.send(new DeleteObjectCommand({ Bucket, Key: keyOf(from) }));
    },
    remove: async (name) => {
      await s3.send(new DeleteObjectCommand({ Bucket, Key: keyOf(name) }));
    },
    list: async (folder) => {
      const Prefix = `${drop.prefix}${folder}/`;
      const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix }));
      return Contents.map(({ Key = '' }) => Key.slice(Prefix.length)).sort();
    },
    receipt: async (name) => {
      const Key = `${drop.prefix}receipts/${name}.json`;
      const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
      return JSON.parse((await Body?.transformToString()) ?? '');
    },
    event: (body) => turns.workOff(tenantId, body),
    listing: async () => {
      await db.execute(
        `UPDATE s3_drops SET list_due_at = callbay_now() + CASE WHEN tenant_id = $1 THEN interval '0' ELSE interval '1 year' END`,
        [tenantId],
      );
      while (await turns.listings());
    },
    tend,
    [Symbol.asyncDispose]: async () => {
      clients.close();
      own.close();
    },
  };
}
