import { CallbayError, objectKeyOf, readObjectKey } from '@callbay/core';
import { type MoveStore, moveFiles, type S3Drop, type S3Store } from '@callbay/ingestion';
import type { Logger } from '../sftp/logger.ts';
import type { BucketReader } from './bucket-reader.ts';
import type { BucketWriter } from './bucket-writer.ts';
import { createObjectMover, type MoverDeps } from './object-mover.ts';

export interface TendDeps extends MoverDeps {
  readonly store: S3Store;
  readonly moves: MoveStore;
  readonly reader: BucketReader;
  readonly writer: BucketWriter;
  readonly log: Logger;
}

const MOVES_AT_ONCE = 16;
const MOVES_PER_TURN = 2_000;
const CLEARS_PER_TURN = 1_000;
const RECEIPTS_PER_PAGE = 200;
const RECEIPT_PAGES = 10;

/** Runs work on all items, so many at a time. */
export async function eachOf<Item>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const waiting = items.values();
  const worker = async (): Promise<void> => {
    for (const item of waiting) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
}

/**
 * Brings the bucket to where the database says that it is: removes what was purged, moves what has an outcome, and writes receipts.
 * Answers whether more is left. Again it changes nothing; call it under the lock of the drop.
 */
export async function tendDrop(deps: TendDeps, drop: S3Drop): Promise<boolean> {
  const { moves, log } = deps;
  const { tenantId } = drop;
  // First, so that the names of purged files are free.
  const cleared = await clearPurged(deps, drop);
  const mover = createObjectMover(deps, drop);
  const moved = await moveFiles(
    { moves, mover, log },
    { tenantId, drop: 's3', limit: MOVES_PER_TURN, atOnce: MOVES_AT_ONCE },
  );
  const hasReceiptsLeft = await writeReceipts(deps, drop);
  return hasReceiptsLeft || cleared === CLEARS_PER_TURN || moved === MOVES_PER_TURN;
}

async function clearPurged(deps: TendDeps, drop: S3Drop): Promise<number> {
  const { store, log } = deps;
  const { tenantId } = drop;
  const purged = await store.listObjectsToClear(tenantId, CLEARS_PER_TURN);
  await eachOf(purged, MOVES_AT_ONCE, async ({ fileId, object }) => {
    try {
      // A key of `data` is the customer's, who may have left a newer version there.
      if (readObjectKey(drop.prefix, object.key).kind === 'file') await removeFromData(deps, object);
      else await removeAll(deps, object.bucket, object.key);
      await store.recordCleared(tenantId, fileId);
    } catch (err) {
      if (!(err instanceof CallbayError)) throw err;
      log.error({ err, tenantId, fileId }, 'a purged object was not removed');
    }
  });
  return purged.length;
}

interface Place {
  readonly bucket: string;
  readonly key: string;
  readonly versionId: string;
}

/** Removes the version, and delete markers where nothing else is left of the key. */
async function removeFromData({ reader, writer }: TendDeps, object: Place): Promise<void> {
  const { bucket, key } = object;
  await writer.remove(object);
  const { entries } = await reader.listVersions({ bucket, prefix: key, marker: null });
  const left = entries.filter((entry) => entry.key === key);
  if (left.every(({ isDeleteMarker }) => isDeleteMarker))
    for (const { versionId } of left) await writer.remove({ bucket, key, versionId });
}

async function removeAll({ reader, writer }: TendDeps, bucket: string, key: string): Promise<void> {
  for (;;) {
    const { entries } = await reader.listVersions({ bucket, prefix: key, marker: null });
    const own = entries.filter((entry) => entry.key === key);
    if (own.length === 0) return;
    for (const { versionId } of own) await writer.remove({ bucket, key, versionId });
  }
}

async function writeReceipts(
  { store, writer }: TendDeps,
  { tenantId, bucket, prefix }: S3Drop,
): Promise<boolean> {
  for (let page = 0; page < RECEIPT_PAGES; page += 1) {
    const due = await store.listReceiptsDue(tenantId, RECEIPTS_PER_PAGE);
    await eachOf(due, MOVES_AT_ONCE, async ({ fileId, receipts }) => {
      for (const { name, bytes } of receipts)
        await writer.putReceipt(bucket, objectKeyOf(prefix, 'receipts', name, `${fileId}.json`), bytes);
    });
    if (due.length > 0) await store.recordReceipts(tenantId, due);
    if (due.length < RECEIPTS_PER_PAGE) return false;
  }
  return true;
}

/** Source: the receipts of the SFTP drop, which are kept as long. */
const RECEIPTS_KEPT_MS = 30 * 86_400_000;

/** Removes receipts of over 30 days, replaced ones among them. */
export async function removeOldReceipts(
  { reader, writer }: Pick<TendDeps, 'reader' | 'writer'>,
  { bucket, prefix }: Pick<S3Drop, 'bucket' | 'prefix'>,
  now: Date,
): Promise<void> {
  const limit = Math.min(now.getTime(), Date.now()) - RECEIPTS_KEPT_MS;
  let marker = null;
  do {
    const page = await reader.listVersions({ bucket, prefix: objectKeyOf(prefix, 'receipts', ''), marker });
    const old = page.entries.filter(({ modifiedAt }) => modifiedAt.getTime() < limit);
    await eachOf(old, MOVES_AT_ONCE, ({ key, versionId }) => writer.remove({ bucket, key, versionId }));
    marker = page.next;
  } while (marker !== null);
}
