import { CallbayError, type ObjectHint, readObjectKey, readS3Message } from '@callbay/core';
import type { S3Drop } from '@callbay/ingestion';
import type { VersionEntry } from './bucket-reader.ts';
import type { KeyTurns } from './key-turns.ts';
import { fileIdOf, type TakeDeps, takeKey, takeVersion } from './take-versions.ts';

export interface EventDeps extends TakeDeps {
  readonly turns: KeyTurns;
  /** Called for messages that say nothing. */
  readonly ignored?: (kind: 'test' | 'junk' | 'foreign') => void;
}

/** More versions of one key than these are left to the listing. */
const MAX_VERSIONS = 10_000;

/** All that the bucket has of one key, the newest first. */
async function readHistory({ reader }: TakeDeps, bucket: string, key: string): Promise<VersionEntry[]> {
  const entries: VersionEntry[] = [];
  let marker = null;
  do {
    const page = await reader.listVersions({ bucket, prefix: key, marker });
    entries.push(...page.entries.filter((entry) => entry.key === key));
    // Longer keys come after this one.
    const isPast = page.entries.some((entry) => entry.key !== key);
    marker = isPast || entries.length >= MAX_VERSIONS ? null : page.next;
  } while (marker !== null);
  return entries;
}

/** What a hint names is taken in, with everything older of its key that is not known. */
async function followHint(deps: EventDeps, drop: S3Drop, hint: ObjectHint): Promise<void> {
  const { tenantId, bucket } = drop;
  const { key, versionId } = hint;
  const object = versionId === null ? null : { bucket, key, versionId };
  if (object !== null) {
    const fileId = fileIdOf(object, '');
    if ((await deps.store.findReceived(tenantId, [fileId])).has(fileId)) return;
  }
  const entries = await readHistory(deps, bucket, key);
  await takeKey(deps, drop, { key, entries });
  // An index that lags behind its objects.
  if (object !== null && !entries.some((entry) => entry.versionId === object.versionId))
    await takeVersion(deps, drop, { fileId: fileIdOf(object, ''), object, sizeBytes: 0 });
}

async function takeHint(deps: EventDeps, tenantId: string | null, hint: ObjectHint): Promise<void> {
  const drop = await deps.store.findDropOf(hint.bucket, hint.key);
  const isForeign = drop === null || (tenantId !== null && drop.tenantId !== tenantId);
  if (isForeign || readObjectKey(drop.prefix, hint.key).kind === 'outside') {
    deps.ignored?.('foreign');
    const detail = { bucket: hint.bucket.slice(0, 63), key: hint.key.slice(0, 1_024) };
    return deps.store.noteIgnored(isForeign ? tenantId : drop.tenantId, detail);
  }
  const keys = hint.rawKey === null ? [hint.key] : [hint.key, hint.rawKey];
  for (const key of keys)
    await deps.turns.run(`${drop.bucket}/${key}`, () => followHint(deps, drop, { ...hint, key }));
}

/**
 * Works a message off: takes in every object that it names and that is there. `tenantId`: whose webhook it came by; null
 * for a queue of all. Again it changes nothing. Throws a retryable CallbayError where the message must come again.
 */
export async function workOffMessage(deps: EventDeps, tenantId: string | null, body: string): Promise<void> {
  const message = readS3Message(body);
  if (message.kind !== 'objects') return deps.ignored?.(message.kind);
  let failure: unknown = null;
  for (const hint of message.objects) {
    try {
      await takeHint(deps, tenantId, hint);
    } catch (error) {
      if (!(error instanceof CallbayError)) throw error;
      failure ??= error;
    }
  }
  if (failure !== null) throw failure;
}
