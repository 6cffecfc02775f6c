import { CallbayError, isTemporaryName, judgeObject, readObjectKey } from '@callbay/core';
import {
  type DropView,
  newFileId,
  type ObjectBytes,
  type ObjectPlace,
  objectFileId,
  type ReceiveFileDeps,
  receiveFile,
  type S3Drop,
  type S3Store,
  type StorageRoom,
} from '@callbay/ingestion';
import { MAX_FILE_BYTES } from '../sftp/limits.ts';
import type { Logger } from '../sftp/logger.ts';
import { type BucketReader, NULL_VERSION, type ObjectHead, type VersionEntry } from './bucket-reader.ts';

export interface TakeDeps extends ReceiveFileDeps {
  readonly store: S3Store;
  readonly view: Pick<DropView, 'withdrawFile'>;
  readonly reader: BucketReader;
  readonly bytes: ObjectBytes;
  readonly room: StorageRoom;
  readonly log: Logger;
  readonly received?: (sizeBytes: number) => void;
  /** Called for each point between two effects, where tests end the listener. */
  readonly step?: (name: 'copied' | 'received') => void;
}

/** What a version of the past may still become. */
export interface KeyHistory {
  readonly key: string;
  /** The newest first, delete markers among them. */
  readonly entries: readonly VersionEntry[];
}

/** The metadata that a copy of ours bears, so that its own event is not taken for a file of the customer's. */
export const OWN_MARK = 'callbay-file';

/** Bytes of one version may change once versions are no longer kept; its ETag tells them apart. */
export const fileIdOf = (object: ObjectPlace, etag: string): string =>
  objectFileId(
    object.versionId === NULL_VERSION ? { ...object, versionId: `${NULL_VERSION}:${etag}` } : object,
  );

/** The versions that their owner has not deleted, oldest first, and those that a delete marker lies above. */
export function splitHistory({ entries }: KeyHistory): {
  readonly live: readonly VersionEntry[];
  readonly deleted: readonly VersionEntry[];
} {
  const marker = entries.findIndex(({ isDeleteMarker }) => isDeleteMarker);
  const end = marker < 0 ? entries.length : marker;
  return {
    live: entries.slice(0, end).reverse(),
    deleted: entries.slice(end).filter(({ isDeleteMarker }) => !isDeleteMarker),
  };
}

/**
 * Takes in what is new of one key, oldest version first, so that the last version is received last whatever the order of events.
 * Versions that their owner deleted are withdrawn where they are known, and never taken in otherwise. Throws a retryable
 * CallbayError where a version cannot be taken in now; those before it were.
 */
export async function takeKey(
  deps: TakeDeps,
  drop: S3Drop,
  history: KeyHistory,
  known?: ReadonlySet<string>,
): Promise<void> {
  const { tenantId, bucket } = drop;
  const { live, deleted } = splitHistory(history);
  const withId = (entry: VersionEntry) => {
    const object = { bucket, key: entry.key, versionId: entry.versionId };
    return { entry, object, fileId: fileIdOf(object, entry.etag) };
  };
  const [alive, gone] = [live.map(withId), deleted.map(withId)];
  const received =
    known ??
    (await deps.store.findReceived(
      tenantId,
      [...alive, ...gone].map(({ fileId }) => fileId),
    ));
  for (const { fileId } of gone) if (received.has(fileId)) await deps.view.withdrawFile(tenantId, fileId);
  for (const { fileId, object, entry } of alive)
    if (!received.has(fileId)) await takeVersion(deps, drop, { fileId, object, sizeBytes: entry.sizeBytes });
}

interface VersionToTake {
  readonly fileId: string;
  readonly object: ObjectPlace;
  readonly sizeBytes: number;
}

/** Takes one version in that is not known yet. */
export async function takeVersion(deps: TakeDeps, drop: S3Drop, version: VersionToTake): Promise<void> {
  const { tenantId } = drop;
  const { fileId, object } = version;
  const key = readObjectKey(drop.prefix, object.key, version.sizeBytes);
  if (key.kind !== 'file' || isTemporaryName(baseOf(key.name), drop.temporaryNames)) return;
  // Without versions a file could change under its id.
  if (object.versionId === NULL_VERSION && drop.isBroken) return;
  const head = await deps.reader.head(object);
  if (head === null) return;
  const mark = head.metadata[OWN_MARK];
  if (mark !== undefined && (await isOurs(deps, tenantId, mark, object))) return;
  const { name } = key;
  const facts = head.isSealedByCustomer === true ? { ...head, sizeBytes: version.sizeBytes } : head;
  const refusal = judgeObject(name, facts, MAX_FILE_BYTES);
  const arrival = { fileId, drop: 's3', name, sentBy: 's3', object } as const;
  if (refusal !== null) {
    const { code, message } = refusal;
    const times =
      head.isSealedByCustomer === true ? {} : { receivedAt: head.modifiedAt, modifiedAt: head.modifiedAt };
    await deps.receiver.recordRefusal(tenantId, {
      ...arrival,
      ...times,
      sizeBytes: facts.sizeBytes,
      code,
      message,
    });
    return;
  }
  await assertRoom(deps, tenantId, head);
  const { sizeBytes, modifiedAt } = head;
  const blobKey = await takeBytes(deps, tenantId, object, sizeBytes);
  if (blobKey === null) return;
  deps.step?.('copied');
  await receiveFile(deps, { tenantId, ...arrival, sizeBytes, modifiedAt, receivedAt: modifiedAt, blobKey });
  deps.received?.(sizeBytes);
  deps.step?.('received');
}

const baseOf = (name: string): string => name.slice(name.lastIndexOf('/') + 1);

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A customer may copy an object of `processed` back to `data`, mark included: that is a new file. */
const isOurs = async (
  { store }: TakeDeps,
  tenantId: string,
  mark: string,
  object: ObjectPlace,
): Promise<boolean> => UUID.test(mark) && (await store.isOurs(tenantId, mark, object));

async function assertRoom(
  { receiver, room }: TakeDeps,
  tenantId: string,
  { sizeBytes }: ObjectHead,
): Promise<void> {
  const quotaBytes = await receiver.readRoom(tenantId);
  if (quotaBytes !== null && sizeBytes > quotaBytes) throw new CallbayError('QUOTA_EXCEEDED');
  if (await room.isFull()) throw new CallbayError('STORAGE_FULL');
}

/** Null where the version went meanwhile. */
async function takeBytes(
  { bytes }: TakeDeps,
  tenantId: string,
  object: ObjectPlace,
  sizeBytes: number,
): Promise<string | null> {
  try {
    return await bytes.takeIn(tenantId, newFileId(), object, sizeBytes);
  } catch (error) {
    if (error instanceof CallbayError && error.code === 'BLOB_MISSING') return null;
    throw error;
  }
}
