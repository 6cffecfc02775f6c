import { join } from 'node:path';
import { CallbayError } from '@callbay/core';

/** One path component of ours: never empty, never dotted first, no separator, so that it cannot climb or hide. */
const COMPONENT = /^[A-Za-z0-9][A-Za-z0-9._-]{1,127}$/;

function checkComponent(value: string, what: string): string {
  if (!COMPONENT.test(value)) throw new CallbayError('BAD_REQUEST', `Not a valid ${what} of a blob.`);
  return value;
}

/** The folder below `root` that holds one tenant's blobs. Throws BAD_REQUEST for an id that is not a plain component. */
export const tenantFolder = (root: string, tenantId: string): string =>
  join(root, checkComponent(tenantId, 'tenant'));

/** A UUID of version 7, which begins with the milliseconds of its making. */
const TIME_ORDERED = /^[0-9a-f]{8}-[0-9a-f]{4}-7/;

const TIME_SHARD = /^[0-9a-f]{7}$/;
const SHARD_MS = 2 ** 20;
const PAST_AFTER_MS = 86_400_000;

/** Whether no new blob belongs in this folder any more: its time ended over a day ago. */
export const isPastShard = (shard: string, nowMs: number): boolean =>
  TIME_SHARD.test(shard) && (Number.parseInt(shard, 16) + 1) * SHARD_MS < nowMs - PAST_AFTER_MS;

/** Whether all ids of this folder were made before an instant. */
export const isShardBefore = (shard: string, instantMs: number): boolean =>
  TIME_SHARD.test(shard) && (Number.parseInt(shard, 16) + 1) * SHARD_MS <= instantMs;

/**
 * The folder of a blob within its tenant's. Time-ordered ids of the same 17 minutes (2^20 ms) share one, so that files
 * which come together share the sync of their folder. Other ids are spread over 256 or so folders.
 */
export const shardOf = (blobId: string): string =>
  TIME_ORDERED.test(blobId) ? blobId.slice(0, 7) : blobId.slice(-2).replaceAll('.', '_');

export const blobKeyOf = (tenantId: string, blobId: string): string =>
  `${checkComponent(tenantId, 'tenant')}/${checkComponent(blobId, 'id')}`;

/** The path of a key on disk, relative to the store's root. */
export function diskPathOf(key: string): string {
  const [tenantId = '', blobId = ''] = key.split('/');
  return `${checkComponent(tenantId, 'tenant')}/${shardOf(checkComponent(blobId, 'id'))}/${blobId}`;
}

/** The folder and the file of one blob. */
export interface BlobPlace {
  readonly folder: string;
  readonly path: string;
}

export function blobPath(root: string, tenantId: string, blobId: string): BlobPlace {
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
