import { join } from 'node:path';
import { CallbayError } from '@callbay/core';

/** One path component of ours: never empty, never dotted first, no separator, so that it cannot climb or hide. */
const COMPONENT = /^[A-Za-z0-9][A-Za-z0-9._-]{1,127}$/;

function checkComponent(value: string, what: string): string {
  if (!COMPONENT.test(value)) throw new CallbayError('BAD_REQUEST', `Not a valid ${what} of a blob.`);
  return value;
}

/** The folder below `root` that holds one tenant's blobs. Throws BAD_REQUEST for an id that is no plain component. */
export const tenantFolder = (root: string, tenantId: string): string =>
  join(root, checkComponent(tenantId, 'tenant'));

/** Spreads blobs over 256 or so folders; the last characters, since the first ones of a time-ordered id hardly vary. */
export const shardOf = (blobId: string): string => blobId.slice(-2).replaceAll('.', '_');

export const blobKeyOf = (tenantId: string, blobId: string): string =>
  `${checkComponent(tenantId, 'tenant')}/${checkComponent(blobId, 'id')}`;

/** The folder and the file of one blob. */
export function blobPath(root: string, tenantId: string, blobId: string): { folder: string; path: string } {
  const folder = join(tenantFolder(root, tenantId), shardOf(checkComponent(blobId, 'id')));
  return { folder, path: join(folder, blobId) };
}

/**
 * The blob id inside a key of this tenant. Compared by component: a key of `acme2` is never one of `acme`.
 * Throws NOT_FOUND for a key of another tenant, so that nobody learns whether it exists.
 */
export function blobIdOf(tenantId: string, key: string): string {
  const slash = key.indexOf('/');
  if (slash < 0 || key.slice(0, slash) !== tenantId)
    throw new CallbayError('NOT_FOUND', 'No such blob for this tenant.');
  return checkComponent(key.slice(slash + 1), 'id');
}
