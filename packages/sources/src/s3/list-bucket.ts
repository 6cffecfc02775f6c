import { CallbayError, isTemporaryName, objectKeyOf, readObjectKey } from '@callbay/core';
import type { ListingMarker, S3Drop } from '@callbay/ingestion';
import type { VersionEntry } from './bucket-reader.ts';
import type { BucketWriter } from './bucket-writer.ts';
import type { KeyTurns } from './key-turns.ts';
import { fileIdOf, type KeyHistory, type TakeDeps, takeKey } from './take-versions.ts';

export interface ListDeps extends TakeDeps {
  readonly writer: Pick<BucketWriter, 'remove'>;
  readonly turns: KeyTurns;
}

const KEYS_AT_ONCE = 16;
const MAX_RESTING = 10_000;
/** Source: C5, for uploads under temporary names and what its owner deleted. */
const ABANDONED_MS = 7 * 86_400_000;

/** A listing of one drop: what it found besides files. */
export interface Listing {
  /** Objects under temporary names. */
  readonly ignored: number;
  /** Files that could not be taken in now. */
  readonly failed: number;
}

/** Cuts a page into keys. The last key may go on in the next page. */
function historiesOf(entries: readonly VersionEntry[]): KeyHistory[] {
  const histories: { key: string; entries: VersionEntry[] }[] = [];
  for (const entry of entries) {
    const last = histories.at(-1);
    if (last?.key === entry.key) last.entries.push(entry);
    else histories.push({ key: entry.key, entries: [entry] });
  }
  return histories;
}

/**
 * Lists `data` to its end, a page at a time, from where an earlier listing was cut off: takes in what no event told of,
 * withdraws what is gone, and removes what was abandoned. `isStopped` is asked between pages.
 */
export async function listBucket(
  deps: ListDeps,
  drop: S3Drop,
  from: ListingMarker | null,
  isStopped: () => boolean,
): Promise<Listing> {
  const { reader, store } = deps;
  const { tenantId, bucket } = drop;
  const prefix = objectKeyOf(drop.prefix, 'data', '');
  let [ignored, failed] = [0, 0];
  let marker = from;
  let carried: VersionEntry[] = [];
  let fromKey = from?.keyMarker ?? null;
  while (!isStopped()) {
    const before = await store.readClock();
    const page = await reader.listVersions({ bucket, prefix, marker });
    const entries = [...carried, ...page.entries];
    const histories = historiesOf(entries);
    const open = page.next === null ? undefined : histories.pop();
    carried = open === undefined ? [] : [...open.entries];
    const result = await takePage(deps, drop, histories, before);
    ignored += result.ignored;
    failed += result.failed;
    const toKey = open?.key ?? null;
    await withdrawGone(deps, drop, histories, { fromKey, toKey, before });
    marker = page.next;
    // Where the next one goes on after a crash: before the key that is not done.
    const resume = toKey === null ? null : { keyMarker: histories.at(-1)?.key ?? '', versionIdMarker: null };
    if (marker === null || (resume !== null && resume.keyMarker !== ''))
      await store.saveMarker(tenantId, resume);
    fromKey = toKey;
    if (marker === null) break;
  }
  return { ignored, failed };
}

async function takePage(
  deps: ListDeps,
  drop: S3Drop,
  histories: readonly KeyHistory[],
  now: Date,
): Promise<Listing> {
  const { store, turns, log } = deps;
  const { tenantId, bucket } = drop;
  let [ignored, failed] = [0, 0];
  const ids = histories.flatMap(({ entries }) =>
    entries.map(({ key, versionId, etag }) => fileIdOf({ bucket, key, versionId }, etag)),
  );
  const known = await store.findReceived(tenantId, ids);
  // Files that came first are taken in first, as far as a page shows.
  const oldestOf = ({ entries }: KeyHistory): number => entries.at(-1)?.modifiedAt.getTime() ?? 0;
  const waiting = [...histories].sort((a, b) => oldestOf(a) - oldestOf(b)).values();
  const worker = async (): Promise<void> => {
    for (const history of waiting) {
      const key = readObjectKey(drop.prefix, history.key);
      if (key.kind === 'file' && isTemporaryName(key.name, drop.temporaryNames)) ignored += 1;
      try {
        await turns.run(`${bucket}/${history.key}`, () => takeKey(deps, drop, history, known));
        await removeAbandoned(deps, drop, history, { known, now });
      } catch (error) {
        failed += 1;
        if (!(error instanceof CallbayError)) throw error;
        log.warn({ err: error, tenantId }, 'an object was not received');
      }
    }
  };
  await Promise.all(Array.from({ length: KEYS_AT_ONCE }, worker));
  return { ignored, failed };
}

/** Withdraws files whose version is no longer there, whoever removed it. */
async function withdrawGone(
  { store, view, reader }: ListDeps,
  { tenantId, bucket }: S3Drop,
  histories: readonly KeyHistory[],
  range: { readonly fromKey: string | null; readonly toKey: string | null; readonly before: Date },
): Promise<void> {
  const listed = new Set(
    histories.flatMap(({ entries }) => entries.map(({ key, versionId }) => `${key}\0${versionId}`)),
  );
  const resting = await store.listResting(tenantId, { ...range, limit: MAX_RESTING });
  for (const { fileId, key, versionId } of resting) {
    // The last key may go on in the next page.
    if (key === range.toKey || listed.has(`${key}\0${versionId}`)) continue;
    if ((await reader.head({ bucket, key, versionId })) !== null) continue;
    await view.withdrawFile(tenantId, fileId);
  }
}

/**
 * Removes for good what nobody will receive: uploads under temporary names and versions that their owner deleted, after 7 days, and
 * delete markers with nothing below.
 */
async function removeAbandoned(
  { writer }: ListDeps,
  drop: S3Drop,
  { entries }: KeyHistory,
  { known, now }: { readonly known: ReadonlySet<string>; readonly now: Date },
): Promise<void> {
  const { bucket } = drop;
  const [newest] = entries;
  if (newest === undefined) return;
  const object = readObjectKey(drop.prefix, newest.key);
  const isTemporary = object.kind === 'file' && isTemporaryName(object.name, drop.temporaryNames);
  if (!isTemporary && !newest.isDeleteMarker) return;
  const limit = Math.min(now.getTime(), Date.now()) - ABANDONED_MS;
  for (const { key, versionId, etag, isDeleteMarker, modifiedAt } of entries) {
    const place = { bucket, key, versionId };
    const isAlone = isDeleteMarker && entries.every((entry) => entry.isDeleteMarker);
    const isKept = isAlone ? false : modifiedAt.getTime() > limit || known.has(fileIdOf(place, etag));
    if (!isKept) await writer.remove(place);
  }
}
