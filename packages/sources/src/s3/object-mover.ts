import { CallbayError, objectKeyOf } from '@callbay/core';
import type { FileMover, ObjectPlace, S3Drop, S3Store } from '@callbay/ingestion';
import { type BucketReader, NULL_VERSION } from './bucket-reader.ts';
import type { BucketWriter } from './bucket-writer.ts';
import { OWN_MARK } from './take-versions.ts';

export interface MoverDeps {
  readonly reader: BucketReader;
  readonly writer: BucketWriter;
  readonly store: Pick<S3Store, 'recordObject'>;
  /** Called for each point between two effects, where tests end the mover. */
  readonly moveStep?: (name: 'copied' | 'removed') => void;
}

/**
 * Moves objects of a bucket: a copy that bears the file's id, then the version that it was made of is removed, then where it is
 * now is recorded. A copy of this file that is found already is the same move half done.
 */
export const createObjectMover = (deps: MoverDeps, drop: S3Drop): FileMover => ({
  async moveFile(tenantId, move) {
    const { reader, writer, store } = deps;
    const { fileId, object, to } = move;
    if (object === null) return 'absent';
    const key = objectKeyOf(drop.prefix, to.folder, to.name, fileId);
    const there = await findCopy(reader, object.bucket, key, fileId);
    if (there === 'taken') throw new CallbayError('CONFLICT', 'Another object is where this one belongs.');
    const copy = there ?? (await copyTo(deps, object, key, fileId));
    if (copy === null) return 'absent';
    deps.moveStep?.('copied');
    await writer.remove(object);
    deps.moveStep?.('removed');
    await store.recordObject(tenantId, fileId, copy);
    return 'moved';
  },
});

async function copyTo(
  { reader, writer }: MoverDeps,
  object: ObjectPlace,
  key: string,
  fileId: string,
): Promise<ObjectPlace | null> {
  const head = await reader.head(object);
  // Nobody but its sender can copy it: it stays where it is.
  if (head === null || head.isSealedByCustomer === true) return null;
  const copy = await writer.copy(object, key, head, { [OWN_MARK]: fileId });
  if (copy === null || copy.versionId !== NULL_VERSION) return copy;
  // Ceph RGW does not say which version a copy became.
  const found = await findCopy(reader, object.bucket, key, fileId);
  return found === 'taken' ? null : found;
}

/** Of `data` customers may write under the same key: what is there besides is theirs, and stays below. */
async function findCopy(
  reader: BucketReader,
  bucket: string,
  key: string,
  fileId: string,
): Promise<ObjectPlace | 'taken' | null> {
  const { entries } = await reader.listVersions({ bucket, prefix: key, marker: null });
  const versions = entries.filter((entry) => entry.key === key && !entry.isDeleteMarker);
  for (const { versionId } of versions) {
    const place = { bucket, key, versionId };
    const head = await reader.head(place);
    if (head?.metadata[OWN_MARK] === fileId) return place;
  }
  const isOpenToCustomers = /(^|\/)data\//.test(key);
  return versions.length === 0 || isOpenToCustomers ? null : 'taken';
}
