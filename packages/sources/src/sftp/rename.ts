import { copyFile } from 'node:fs/promises';
import { isTemporaryName } from '@callbay/core';
import type { DropEntry } from '@callbay/ingestion';
import type { Partial } from './partials.ts';
import { type ReceiveDeps, receiveCopy, receiveLocalFile } from './receive.ts';
import { absent, failed } from './statuses.ts';
import type { ViewDeps } from './view.ts';

export interface RenameRequest {
  readonly tenantId: string;
  readonly sentBy: string;
  readonly from: string;
  readonly to: string;
  /** posix-rename: replaces what has the new name. */
  readonly isReplacing: boolean;
  /** Patterns of names of uploads under way; null: the usual ones. */
  readonly temporaryNames: readonly string[] | null;
}

/**
 * RENAME inside `/data`. A partial that gets a real name is whole now and is received (case 13). A stored file
 * is received again under the new name and the old one withdrawn; within 60 s that also holds for one that has
 * moved on, whose old version then stays where it is (case 91). A file that was rejected, as under a temporary name that
 * nobody knew, gets a real name for 24 h.
 *
 * Onto a name that is taken, a plain RENAME succeeds too where nothing can be lost: a stored file of that name
 * only gets a newer version. It fails where it would overwrite another partial, which has no versions.
 */
export async function renameFile(deps: ViewDeps & ReceiveDeps, request: RenameRequest): Promise<void> {
  const { tenantId, from, to } = request;
  if (from === to) return;
  if (deps.uploads.findLive(tenantId, from) !== null) {
    throw failed('The file is still being written; close it first.');
  }
  await deps.uploads.inTurn(tenantId, from, async () => {
    const partial = await deps.partials.find(tenantId, from);
    if (partial !== null) return renamePartial(deps, request, partial);
    const stored = (await deps.view.findFile(tenantId, 'data', from)) ?? (await findRejected(deps, request));
    if (stored === null) throw absent();
    await renameStored(deps, request, stored);
    if (stored.isOpen) await deps.view.withdrawFile(tenantId, stored.fileId);
  });
}

/** A client that sends under a name of its own convention renames when it is done, which may be much later. */
const findRejected = (deps: ViewDeps, { tenantId, from, to, temporaryNames }: RenameRequest) =>
  isTemporaryName(to, temporaryNames) ? null : deps.view.findRejected(tenantId, from);

async function renamePartial(
  deps: ViewDeps & ReceiveDeps,
  request: RenameRequest,
  partial: Partial,
): Promise<void> {
  const { tenantId, from, to, sentBy } = request;
  if (isTemporaryName(to, request.temporaryNames)) {
    await refuseOverwriting(deps, request);
    await deps.partials.rename(tenantId, from, to);
    return;
  }
  const { sizeBytes, modifiedAt } = partial;
  await deps.uploads.inTurn(tenantId, to, async () => {
    await receiveLocalFile(deps, { tenantId, name: to, sizeBytes, modifiedAt, sentBy }, partial);
    // A broken upload of the new name must not shadow the whole file.
    await deps.partials.remove(tenantId, to);
  });
}

async function renameStored(
  deps: ViewDeps & ReceiveDeps,
  request: RenameRequest,
  stored: DropEntry,
): Promise<void> {
  const { tenantId, to, sentBy } = request;
  const { sizeBytes, modifiedAt, blobKey } = stored;
  if (!isTemporaryName(to, request.temporaryNames)) {
    await deps.uploads.inTurn(tenantId, to, async () => {
      await receiveCopy(deps, { tenantId, name: to, sizeBytes, modifiedAt, sentBy }, blobKey);
      await deps.partials.remove(tenantId, to);
    });
    return;
  }
  await refuseOverwriting(deps, request);
  await using bytes = await deps.blobs.openLocal(tenantId, blobKey);
  await deps.partials.add(tenantId, to, (path) => copyFile(bytes.path, path));
  await deps.partials.setModifiedAt(tenantId, to, modifiedAt);
}

async function refuseOverwriting(deps: ViewDeps, request: RenameRequest): Promise<void> {
  if (request.isReplacing || (await deps.partials.find(request.tenantId, request.to)) === null) return;
  throw failed('A file of the new name is there already; remove it first.');
}
