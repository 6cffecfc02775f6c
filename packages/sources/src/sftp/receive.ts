import { randomUUID } from 'node:crypto';
import { copyFile } from 'node:fs/promises';
import { CallbayError } from '@callbay/core';
import type { BlobStore, DropStore, JobQueue } from '@callbay/ingestion';
import type { Logger } from './logger.ts';

export interface ReceiveDeps {
  readonly drop: DropStore;
  readonly blobs: BlobStore;
  readonly queue: JobQueue;
  readonly log: Logger;
  /** Keeps work that the client does not wait for, so that a closing server can. */
  readonly inBackground: (work: Promise<void>) => void;
}

export interface WholeFile {
  readonly tenantId: string;
  readonly name: string;
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
  readonly sentBy: string;
}

/** Where the bytes are. `fd` is open on them, where the caller has it open anyway. */
export interface LocalFile {
  readonly path: string;
  readonly fd?: number;
}

/**
 * Makes a whole local file a received one: bytes durable, then the row, then the alarm clock. When it
 * resolves the file may be acknowledged. When it rejects nothing was acknowledged and the bytes are at `path`
 * again, so that the client may send the end once more; a row that was committed all the same (the answer was
 * lost) keeps its blob, and a blob without a row falls to the sweep of orphans.
 */
export async function receiveLocalFile(
  deps: ReceiveDeps,
  file: WholeFile,
  { path, fd }: LocalFile,
): Promise<void> {
  const fileId = randomUUID();
  const blobKey = await deps.blobs.put(file.tenantId, fileId, path, fd);
  try {
    await commit(deps, file, fileId, blobKey);
  } catch (error) {
    await using local = await deps.blobs.openLocal(file.tenantId, blobKey);
    await copyFile(local.path, path);
    throw error;
  }
  await assertStored(deps, file.tenantId, blobKey);
}

/** Makes a copy of stored bytes a received file, under another name: what a RENAME of a received file means. */
export async function receiveCopy(deps: ReceiveDeps, file: WholeFile, fromKey: string): Promise<void> {
  const fileId = randomUUID();
  const blobKey = await deps.blobs.copy(file.tenantId, fromKey, fileId);
  await commit(deps, file, fileId, blobKey);
  await assertStored(deps, file.tenantId, blobKey);
}

/**
 * The sweep of orphans takes bytes that no row refers to. Where it took these before their row was there, as after all
 * clocks have jumped ahead, the sender must send them again. From the row on it leaves them alone.
 */
async function assertStored({ blobs }: ReceiveDeps, tenantId: string, blobKey: string): Promise<void> {
  if ((await blobs.size(tenantId, blobKey)) !== null) return;
  throw new CallbayError('INTERNAL', 'The bytes of an upload were removed before it was acknowledged.');
}

async function commit(deps: ReceiveDeps, file: WholeFile, fileId: string, blobKey: string): Promise<void> {
  const { tenantId, name, sizeBytes, modifiedAt, sentBy } = file;
  await deps.drop.receiveFile(tenantId, {
    fileId,
    drop: 'sftp',
    name,
    sizeBytes,
    modifiedAt,
    blobKey,
    sentBy,
  });
  // The row is the truth: a queue that is away costs time, never the file, so the client does not wait for it.
  const enqueued = deps.queue
    .enqueueClassify(tenantId, fileId)
    .catch((error: unknown) =>
      deps.log.warn({ err: error, tenantId, fileId }, 'classify job not queued; the sweep will'),
    );
  deps.inBackground(enqueued);
}
