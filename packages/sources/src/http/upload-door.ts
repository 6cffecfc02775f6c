import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CallbayError } from '@callbay/core';
import {
  type FileReceiver,
  newFileId,
  type StorageRoom,
  type UploadDoor,
  type UploadPart,
  type UploadProgress,
} from '@callbay/ingestion';
import { type ReceiveDeps, receiveLocalFile } from '../sftp/receive.ts';
import { errnoOf, isUnfitToKeep } from '../sftp/statuses.ts';
import {
  beginUpload,
  bytesPath,
  readUpload,
  removeUpload,
  syncBytes,
  uploadFolder,
  writeBytes,
} from './upload-files.ts';
import { replaced, UploadTurns } from './upload-turns.ts';

export interface UploadDoorDeps extends ReceiveDeps {
  readonly receiver: FileReceiver;
  /** Called for each received file. */
  readonly received?: (sizeBytes: number) => void;
  /** Called for each point between two effects, where tests end the process. */
  readonly step?: (name: 'written' | 'received') => void;
}

const isFull = (error: unknown): boolean => ['ENOSPC', 'EDQUOT'].includes(errnoOf(error) ?? '');

/** Refuses more bytes than the file has, and bytes that the disk has no room for. */
const guard = (room: StorageRoom, limitBytes: number): Transform => {
  let left = limitBytes;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      left -= chunk.length;
      if (left < 0)
        return done(new CallbayError('BAD_REQUEST', 'The body is longer than the file was announced to be.'));
      if (room.wasFull()) return done(new CallbayError('STORAGE_FULL'));
      done(null, chunk);
    },
  });
};

/** The door over HTTP, with what has arrived in `spoolDir`, which must rest on the file system of the blobs where those are on disk. */
export function createUploadDoor(
  deps: UploadDoorDeps,
  { spoolDir }: { readonly spoolDir: string },
): UploadDoor {
  const turns = new UploadTurns();
  const folderOf = (tenantId: string, uploadId: string) => uploadFolder(spoolDir, tenantId, uploadId);

  async function begin(tenantId: string, folder: string, part: UploadPart): Promise<UploadProgress> {
    const { uploadId, name, sizeBytes, start } = part;
    if (start > 0) throw new CallbayError('NOT_FOUND', 'No such upload was begun here: send it from byte 0.');
    if (name === null) throw new CallbayError('BAD_REQUEST', 'Name the file with the first part: `?name=`.');
    const quotaBytes = await deps.receiver.readRoom(tenantId);
    if (quotaBytes !== null && sizeBytes > quotaBytes) throw new CallbayError('QUOTA_EXCEEDED');
    if (await deps.room.isFull()) throw new CallbayError('STORAGE_FULL');
    await beginUpload(folder, { name, sizeBytes });
    return { uploadId, name, sizeBytes, receivedBytes: 0 };
  }

  /** Rejects with what ended the body; the bytes before are in the file then. */
  async function store(folder: string, part: UploadPart, signal: AbortSignal): Promise<void> {
    const target = await writeBytes(folder, part.start);
    await pipeline(part.bytes, guard(deps.room, part.sizeBytes - part.start), target, { signal });
  }

  async function storeOrExplain(folder: string, part: UploadPart, signal: AbortSignal): Promise<void> {
    try {
      await store(folder, part, signal);
    } catch (error) {
      if (!part.isResumable || isUnfitToKeep(error) || error instanceof CallbayError)
        await removeUpload(folder);
      if (signal.aborted) throw replaced();
      if (error instanceof CallbayError) throw error;
      if (isFull(error)) throw new CallbayError('STORAGE_FULL', undefined, { cause: error });
      const isDisk = (error as NodeJS.ErrnoException).syscall === 'write';
      if (isDisk) throw error;
      throw new CallbayError('BAD_REQUEST', 'The body ended early.', { cause: error });
    }
  }

  return {
    async write(tenantId, part) {
      const { uploadId, sizeBytes, start } = part;
      const folder = folderOf(tenantId, uploadId);
      using turn = await turns.take(folder);
      const found = (await readUpload(folder, uploadId)) ?? (await begin(tenantId, folder, part));
      if (found.sizeBytes !== sizeBytes || (part.name !== null && part.name !== found.name))
        throw new CallbayError(
          'CONFLICT',
          'Another file was begun under this id. Use a new id for each file.',
        );
      if (start > found.receivedBytes)
        throw new CallbayError('CONFLICT', `The next part begins at byte ${found.receivedBytes}.`);
      await storeOrExplain(folder, part, turn.signal);
      deps.step?.('written');
      const progress = (await readUpload(folder, uploadId)) ?? found;
      if (progress.receivedBytes < sizeBytes) {
        await syncBytes(folder);
        return progress;
      }
      const { name } = progress;
      const whole = { tenantId, name, sizeBytes, modifiedAt: new Date(), sentBy: part.sentBy };
      await receiveLocalFile(
        deps,
        { ...whole, fileId: uploadId, blobId: newFileId(), drop: 'api' },
        { path: bytesPath(folder) },
      );
      deps.received?.(sizeBytes);
      deps.step?.('received');
      await removeUpload(folder);
      return progress;
    },

    async find(tenantId, uploadId) {
      const folder = folderOf(tenantId, uploadId);
      const progress = await readUpload(folder, uploadId);
      if (progress !== null) await syncBytes(folder);
      return progress;
    },

    async discard(tenantId, uploadId) {
      const folder = folderOf(tenantId, uploadId);
      using _turn = await turns.take(folder);
      if ((await readUpload(folder, uploadId)) === null) return false;
      await removeUpload(folder);
      return true;
    },
  };
}
