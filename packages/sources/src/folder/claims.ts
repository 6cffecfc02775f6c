import { constants } from 'node:fs';
import { mkdir, open, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CallbayError } from '@callbay/core';
import { type BlobStore, type FolderStore, type ReceiveFileDeps, receiveFile } from '@callbay/ingestion';
import { type EntryStats, hasSameContent, isUntouched, look, modifiedAtOf } from './entry-stats.ts';
import { moveWhole } from './move-whole.ts';
import type { FolderPlaces } from './places.ts';

export interface ClaimDeps extends ReceiveFileDeps {
  readonly blobs: BlobStore;
  readonly store: Pick<FolderStore, 'isReceived'>;
  /** Called for each point between two effects, where tests end the scanner. */
  readonly step?: (name: ClaimStep) => void;
}

export type ClaimStep = 'folderMade' | 'claimed' | 'copied' | 'stored' | 'received' | 'putBack';

/** A file that was taken out of `data` so that nobody else takes it, in a folder named after its id. */
export interface Claim {
  readonly tenantId: string;
  readonly fileId: string;
  readonly folder: string;
}

export interface ClaimOptions {
  readonly places: FolderPlaces;
  readonly spool: string;
  /** When the file was first seen as it is now; absent for a claim of a process that died. */
  readonly firstSeenAt?: Date;
}

/** A file is at `data` again: received, or changed while it was read and to be looked at anew. */
export interface FinishedClaim {
  readonly outcome: 'received' | 'changed' | 'replaced' | 'absent';
  readonly name: string;
  readonly stats: EntryStats | null;
}

/** Takes a file out of `data`; null where it is no longer the one that was seen, and is back or gone. */
export async function claimFile(
  deps: ClaimDeps,
  { places }: Pick<ClaimOptions, 'places'>,
  claim: Claim,
  seen: { readonly name: string; readonly stats: EntryStats },
): Promise<boolean> {
  const path = join(claim.folder, seen.name);
  const latest = await look(join(places.data, seen.name));
  if (latest === null || !isUntouched(latest, seen.stats)) return false;
  await mkdir(claim.folder, { recursive: true });
  deps.step?.('folderMade');
  try {
    await rename(join(places.data, seen.name), path);
  } catch (error) {
    await rmdir(claim.folder);
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
  deps.step?.('claimed');
  const claimed = await look(path);
  if (claimed !== null && hasSameContent(claimed, seen.stats)) return true;
  await putBack(places, claim, seen.name);
  return false;
}

/** Where its owner has left a newer file of the name, that one stands and this one goes. */
async function putBack(places: FolderPlaces, { folder }: Claim, name: string): Promise<'back' | 'replaced'> {
  const path = join(folder, name);
  const outcome = await moveWhole(path, join(places.data, name), places.staging);
  if (outcome === 'taken') await rm(path, { force: true });
  await rm(folder, { recursive: true, force: true });
  return outcome === 'taken' ? 'replaced' : 'back';
}

const COPY_BYTES = 256 * 1024;

/** Copies a regular file that nobody touches meanwhile. False where somebody did. */
async function copyUntouched(from: string, to: string): Promise<EntryStats | null> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  await using source = await open(from, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  const before = await source.stat({ bigint: true });
  if (!before.isFile() || before.nlink !== 1n) return null;
  await using target = await open(to, 'w', 0o600);
  const buffer = Buffer.allocUnsafe(Math.min(COPY_BYTES, Number(before.size) + 1));
  let copied = 0n;
  for (;;) {
    const { bytesRead } = await source.read(buffer, 0, buffer.length, null);
    if (bytesRead === 0) break;
    copied += BigInt(bytesRead);
    // A file that grows as fast as it is read has no end.
    if (copied > before.size) return null;
    for (let at = 0; at < bytesRead; ) at += (await target.write(buffer, at, bytesRead - at)).bytesWritten;
  }
  const after = await source.stat({ bigint: true });
  return copied === before.size && isUntouched(before, after) ? before : null;
}

/** A folder that another scanner has finished with holds nothing. */
function whereGone(error: unknown): string[] {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
  throw error;
}

/**
 * Brings a claimed file to its end: its bytes durable with us, its row committed, and the file back in `data`, from where
 * it moves on once it has an outcome. Again, after a crash at any point, it goes on from there under the same file id.
 */
export async function finishClaim(
  deps: ClaimDeps,
  { places, spool, firstSeenAt }: ClaimOptions,
  claim: Claim,
): Promise<FinishedClaim | null> {
  const { tenantId, fileId, folder } = claim;
  const [name] = await readdir(folder).catch(whereGone);
  if (name === undefined) {
    await rm(folder, { recursive: true, force: true });
    return null;
  }
  if (firstSeenAt !== undefined || !(await deps.store.isReceived(tenantId, fileId))) {
    const copy = join(spool, fileId);
    const stats = await copyUntouched(join(folder, name), copy);
    if (stats === null) {
      await rm(copy, { force: true });
      await putBack(places, claim, name);
      return { outcome: 'changed', name, stats: null };
    }
    deps.step?.('copied');
    const blobKey = await deps.blobs.put(tenantId, fileId, copy);
    deps.step?.('stored');
    const file = { fileId, drop: 'folder', name, sizeBytes: Number(stats.size) } as const;
    const times = { modifiedAt: modifiedAtOf(stats), receivedAt: firstSeenAt };
    try {
      await receiveFile(deps, { tenantId, ...file, ...times, blobKey, sentBy: 'folder' });
    } catch (error) {
      if (error instanceof CallbayError && error.code === 'QUOTA_EXCEEDED') {
        await deps.blobs.remove(tenantId, blobKey);
        await putBack(places, claim, name);
      }
      throw error;
    }
    deps.step?.('received');
  }
  const place = await putBack(places, claim, name);
  deps.step?.('putBack');
  const stats = await look(join(places.data, name));
  return { outcome: place === 'replaced' ? 'replaced' : stats === null ? 'absent' : 'received', name, stats };
}

/** Claims that no process has finished, of every scanner: whoever calls it holds the lock of the folder. */
export async function listClaims(places: FolderPlaces, tenantId: string, limit: number): Promise<Claim[]> {
  const claims: Claim[] = [];
  for (const scanner of await readdir(places.claims)) {
    const ofScanner = join(places.claims, scanner);
    for (const fileId of await readdir(ofScanner).catch(whereGone)) {
      if (claims.length === limit) return claims;
      claims.push({ tenantId, fileId, folder: join(ofScanner, fileId) });
    }
  }
  return claims;
}
