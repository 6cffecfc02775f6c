import { appendFile, rename, rm, writeFile } from 'node:fs/promises';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import {
  isRgwInstalled,
  makeSftpUser,
  makeTenant,
  type OpenBucketOptions,
  openBucket,
  openFolder,
  openSftp,
  type RunningCallbay,
  startRgw,
  type TestRgw,
} from '@callbay/testkit';
import { openHttpDoor } from './http-door.ts';

/** One door of one tenant, as its customer uses it. */
export interface Door extends AsyncDisposable {
  readonly tenantId: string;
  put(name: string, bytes: Buffer | string): Promise<void>;
  /** Begins an upload of a file of this size that stays open, until `finish` writes the rest and ends it. */
  begin(name: string, bytes: Buffer, sizeBytes: number): Promise<{ finish(rest: Buffer): Promise<void> }>;
  rename(from: string, to: string): Promise<void>;
  remove(name: string): Promise<void>;
  list(folder: 'data' | 'processed' | 'rejected'): Promise<string[]>;
  receipt(name: string): Promise<{ state: string; outcome: { code: string } | null }>;
  /** Has the door notice what was done, and the pipeline finish. */
  settle(): Promise<void>;
}

export type DoorKind = 'sftp' | 'folder' | 's3' | 'http';
export const DOOR_KINDS: readonly DoorKind[] = ['sftp', 'folder', 's3', 'http'];

/** A server of buckets and a customer there; both end with it. */
export interface BucketWorld extends AsyncDisposable, Omit<OpenBucketOptions, 'changes'> {}

/** Null where the host has none. */
export async function startBuckets(): Promise<BucketWorld | null> {
  if (!isRgwInstalled()) return null;
  const rgw: TestRgw = await startRgw();
  return {
    rgw,
    customer: await rgw.makeUser('customer'),
    [Symbol.asyncDispose]: () => rgw[Symbol.asyncDispose](),
  };
}

/** Opens a door of a kind; of a new tenant unless one is given. */
export async function openDoor(
  callbay: RunningCallbay & { readonly buckets: BucketWorld | null },
  kind: DoorKind,
  tenantId?: string,
): Promise<Door> {
  if (kind === 'sftp') return openSftpDoor(callbay, tenantId);
  if (kind === 'folder') return openFolderDoor(callbay, tenantId);
  if (kind === 'http') return openHttpDoor(callbay, tenantId);
  if (callbay.buckets === null) throw new Error('no server of buckets is installed');
  return openS3Door(callbay, callbay.buckets, tenantId);
}

const PATHS = { data: '/data', processed: '/data/processed', rejected: '/data/rejected' };

async function openSftpDoor(callbay: RunningCallbay, tenantId?: string): Promise<Door> {
  const id = tenantId ?? (await makeTenant(callbay.db));
  const client = await openSftp(callbay.sftpPort, await makeSftpUser(callbay.db, id));
  const ownNames = async (folder: keyof typeof PATHS): Promise<string[]> =>
    (await client.list(PATHS[folder])).filter((name) => name !== 'processed' && name !== 'rejected');
  return {
    tenantId: id,
    put: (name, bytes) => client.put(name, bytes),
    begin: async (name, bytes) => {
      const handle = await new Promise<Buffer>((resolve, reject) => {
        client.sftp.open(name, 'w', (error, opened) => (error ? reject(error) : resolve(opened)));
      });
      const write = (part: Buffer, at: number) =>
        new Promise<void>((resolve, reject) => {
          client.sftp.write(handle, part, 0, part.length, at, (error) => (error ? reject(error) : resolve()));
        });
      await write(bytes, 0);
      return {
        finish: async (rest) => {
          await write(rest, bytes.length);
          await new Promise<void>((resolve, reject) => {
            client.sftp.close(handle, (error) => (error ? reject(error) : resolve()));
          });
        },
      };
    },
    rename: (from, to) => client.rename(from, to),
    remove: (name) => client.remove(name),
    list: ownNames,
    receipt: (name) => client.receipt(name),
    settle: () => callbay.settle(),
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
}

async function openFolderDoor(callbay: RunningCallbay, tenantId?: string): Promise<Door> {
  const folder = await openFolder(callbay, tenantId ?? (await makeTenant(callbay.db)));
  return {
    tenantId: folder.tenantId,
    put: (name, bytes) => folder.put(name, bytes),
    begin: async (name, bytes) => {
      await writeFile(folder.data(name), bytes);
      await folder.scan();
      return { finish: (rest) => appendFile(folder.data(name), rest) };
    },
    rename: (from, to) => rename(folder.data(from), folder.data(to)),
    remove: (name) => rm(folder.data(name)),
    list: (name) => folder.list(name),
    receipt: (name) => folder.receipt(name),
    settle: async () => {
      await folder.take();
      await callbay.settle();
      await folder.scan();
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

async function openS3Door(callbay: RunningCallbay, world: BucketWorld, tenantId?: string): Promise<Door> {
  const bucket = await openBucket(callbay, tenantId ?? (await makeTenant(callbay.db)), world);
  const { customer, drop } = bucket;
  const send = customer.send.bind(customer);
  return {
    tenantId: bucket.tenantId,
    put: async (name, bytes) => {
      await bucket.put(name, bytes);
    },
    begin: async (name, bytes) => {
      const place = { Bucket: drop.bucket, Key: `data/${name}` };
      const { UploadId } = await send(new CreateMultipartUploadCommand(place));
      const part = { ...place, UploadId, PartNumber: 1 };
      await send(new UploadPartCommand({ ...part, Body: bytes }));
      await bucket.listing();
      return {
        finish: async (rest) => {
          const { ETag } = await send(new UploadPartCommand({ ...part, Body: Buffer.concat([bytes, rest]) }));
          const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
          await send(new CompleteMultipartUploadCommand({ ...place, UploadId, MultipartUpload }));
        },
      };
    },
    rename: (from, to) => bucket.rename(from, to),
    remove: (name) => bucket.remove(name),
    list: (name) => bucket.list(name),
    receipt: (name) => bucket.receipt(name),
    settle: async () => {
      await bucket.listing();
      await callbay.settle();
      await bucket.tend();
    },
    [Symbol.asyncDispose]: () => bucket[Symbol.asyncDispose](),
  };
}
