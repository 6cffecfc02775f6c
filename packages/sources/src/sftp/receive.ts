import { constants } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { CallbayError } from '@callbay/core';
import {
  type BlobStore,
  newFileId,
  type ReceiveFileDeps,
  receiveFile,
  type StorageRoom,
} from '@callbay/ingestion';
import type { Logger } from './logger.ts';
import { noRoom } from './statuses.ts';

export type ReceiveDeps = ReceiveFileDeps & {
  readonly blobs: BlobStore;
  readonly log: Logger;
  readonly room: StorageRoom;
};

export interface WholeFile {
  readonly tenantId: string;
  readonly name: string;
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
  readonly sentBy: string;
  /** Where the store has begun to take the bytes under it; a new one elsewhere. */
  readonly fileId?: string;
  /** The id of the bytes where the file's id is not ours, and so not in the order of time. */
  readonly blobId?: string;
  /** The SFTP drop unless given. */
  readonly drop?: 'sftp' | 'api';
}

/** Where the bytes are. `fd` is open on them, where the caller has it open anyway. */
export interface LocalFile {
  readonly path: string;
  readonly fd?: number;
}

/**
 * Makes a whole local file a received one: bytes durable, then the row. When it resolves the file may be acknowledged.
 * When it rejects nothing was acknowledged and the bytes are at `path` again if that was possible, so that the client may
 * send the end once more; a row that was committed all the same (the answer was lost) keeps its blob, and a blob without a row falls to
 * the sweep of orphans.
 */
export async function receiveLocalFile(
  deps: ReceiveDeps,
  { blobId, ...file }: WholeFile,
  { path, fd }: LocalFile,
): Promise<void> {
  const { fileId = newFileId(), drop = 'sftp' } = file;
  const blobKey = await deps.blobs.put(file.tenantId, blobId ?? fileId, path, fd);
  try {
    await receiveFile(deps, { ...file, fileId, drop, blobKey });
    const { tenantId, sizeBytes, sentBy } = file;
    deps.log.info({ tenantId, fileId, sizeBytes, sentBy }, 'file received');
  } catch (error) {
    const isBack = await putBack(deps, file.tenantId, blobKey, path);
    if (isBack) await removeRefused(deps, file.tenantId, blobKey, error);
    throw error;
  }
}

/** Of a refused file there is no row, so that its blob is nobody's. Other errors leave open whether there is one. */
async function removeRefused(
  deps: ReceiveDeps,
  tenantId: string,
  blobKey: string,
  error: unknown,
): Promise<void> {
  if (error instanceof CallbayError && error.code === 'QUOTA_EXCEEDED')
    await deps.blobs.remove(tenantId, blobKey);
}

/** A copy: the row may be there, and then the blob is its. Resolves to whether the bytes are at `path` again. */
async function putBack(deps: ReceiveDeps, tenantId: string, blobKey: string, path: string): Promise<boolean> {
  try {
    await using local = await deps.blobs.openLocal(tenantId, blobKey);
    await copyFile(local.path, path, constants.COPYFILE_FICLONE);
    return true;
  } catch (error) {
    // The client hears why its file was not received; it was told of no success, so this only costs it the resumption.
    deps.log.warn({ err: error, tenantId, blobKey }, 'bytes of a failed upload were not put back');
    return false;
  }
}

/** Makes a copy of stored bytes a received file, under another name: what a RENAME of a received file means. */
export async function receiveCopy(deps: ReceiveDeps, file: WholeFile, fromKey: string): Promise<void> {
  if (await deps.room.isFull()) throw noRoom();
  const fileId = newFileId();
  const blobKey = await deps.blobs.copy(file.tenantId, fromKey, fileId);
  try {
    await receiveFile(deps, { ...file, fileId, drop: 'sftp', blobKey });
  } catch (error) {
    await removeRefused(deps, file.tenantId, blobKey, error);
    throw error;
  }
}
