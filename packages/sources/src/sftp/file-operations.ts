import type { BlobStore, SftpAccount } from '@callbay/ingestion';
import { type SentAttributes, type Stat, sentTime } from './attrs.ts';
import { type Download, downloadOf, type Handle, openDownload } from './handles.ts';
import { locate, writableName } from './paths.ts';
import type { ReceiveDeps } from './receive.ts';
import type { RefusedNames } from './refused-names.ts';
import { absent, denied, errnoOf, failed, SftpRefusal } from './statuses.ts';
import { OPEN_FLAG } from './uploads.ts';
import { listFolder, statLocation, type ViewDeps } from './view.ts';

export type OperationDeps = ViewDeps &
  ReceiveDeps & { readonly blobs: BlobStore; readonly refusedNames: RefusedNames };

const mayReadFiles = (account: SftpAccount): boolean => account.canRead === 'all';

const NOT_READABLE = 'This user may send files but not read them back.';

export async function statPath(deps: OperationDeps, tenantId: string, path: string): Promise<Stat> {
  const stat = await statLocation(deps, tenantId, locate(path));
  if (stat === null) throw absent();
  return stat;
}

/** OPEN for writing or for reading. Source: C4, C9. */
export async function openFile(
  deps: OperationDeps,
  account: SftpAccount,
  path: string,
  flags: number,
): Promise<Handle> {
  if ((flags & OPEN_FLAG.WRITE) === 0) {
    return { kind: 'download', download: await openForReading(deps, account, path) };
  }
  const name = await nameToWrite(deps, account, path);
  const { tenantId, username, temporaryNames } = account;
  const upload = await deps.uploads.open({ tenantId, sentBy: username, name, flags, temporaryNames });
  return { kind: 'upload', upload, mayRead: (flags & OPEN_FLAG.READ) !== 0 && mayReadFiles(account) };
}

/** `writableName`, leaving a receipt of the refusal before the client hears of it. */
async function nameToWrite(deps: OperationDeps, account: SftpAccount, path: string): Promise<string> {
  try {
    return writableName(path);
  } catch (error) {
    if (error instanceof SftpRefusal) {
      const { tenantId, username } = account;
      await deps.refusedNames.note({ tenantId, sentBy: username, path, sentence: error.message });
    }
    throw error;
  }
}

async function openForReading(deps: OperationDeps, account: SftpAccount, path: string): Promise<Download> {
  const { tenantId, canRead } = account;
  const location = locate(path);
  if (location.kind === 'nested') throw absent();
  if (location.kind === 'folder') throw failed('This is a folder.');
  const stat = await statPath(deps, tenantId, path);
  const { folder, name } = location;
  if (folder === 'receipts') {
    if (canRead === 'none') throw denied('This user may not read receipts.');
    const receipt = await deps.view.readReceipt(tenantId, name);
    if (receipt === null) throw absent();
    return downloadOf(receipt, stat);
  }
  if (!mayReadFiles(account)) throw denied(NOT_READABLE);
  if (folder === 'data') {
    const underWay = await openUnderWay(deps, tenantId, name, stat);
    if (underWay !== null) return underWay;
  }
  const stored = await deps.view.findFile(tenantId, folder, name);
  if (stored === null) throw absent();
  const local = await deps.blobs.openLocal(tenantId, stored.blobKey);
  const release = () => local[Symbol.asyncDispose]();
  return openDownload(local.path, stat, release).catch(async (error: unknown) => {
    await release();
    throw error;
  });
}

/** An upload under way or a broken one; null where there is none, or none any more. */
async function openUnderWay(
  deps: OperationDeps,
  tenantId: string,
  name: string,
  stat: Stat,
): Promise<Download | null> {
  const found = deps.uploads.findLive(tenantId, name)?.own ?? (await deps.partials.find(tenantId, name));
  if (found === null) return null;
  try {
    return await openDownload(found.path, stat, async () => {});
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    // A CLOSE or RENAME has taken the bytes away and is about to make them the stored file that is meant.
    await deps.uploads.inTurn(tenantId, name, async () => {});
    return null;
  }
}

/** OPENDIR. Names and sizes are listed for every user: clients need them to send. `canRead` guards bytes. */
export async function openListing(
  deps: OperationDeps,
  account: SftpAccount,
  path: string,
  hidesOurFolders: boolean,
): Promise<Handle> {
  const location = locate(path);
  if (location.kind !== 'folder') {
    const stat = await statPath(deps, account.tenantId, path);
    throw stat.isFolder ? absent() : failed('This is a file.');
  }
  const stat = await statPath(deps, account.tenantId, path);
  const entries = listFolder(deps, account.tenantId, location.folder, hidesOurFolders);
  return { kind: 'listing', stat, entries };
}

/** SETSTAT: times are kept, a size is honoured, mode and owner are accepted and ignored. Source: case 91. */
export async function setAttributes(
  deps: OperationDeps,
  account: SftpAccount,
  path: string,
  attrs: SentAttributes,
): Promise<void> {
  const location = locate(path);
  if (location.kind === 'folder') return;
  const name = writableName(path);
  const { tenantId, username } = account;
  if (attrs.size !== undefined) await setSize(deps, account, path, name, attrs.size);
  const modifiedAt = sentTime(attrs);
  const live = deps.uploads.findLive(tenantId, name);
  if (live !== null && modifiedAt !== null) live.setModifiedAt(modifiedAt);
  // A CLOSE under way comes first: it may be about to turn the upload into the file that is meant.
  await deps.uploads.inTurn(tenantId, name, async () => {
    if (await deps.partials.find(tenantId, name)) {
      if (modifiedAt !== null) await deps.partials.setModifiedAt(tenantId, name, modifiedAt);
      return;
    }
    const stored = await deps.view.findFile(tenantId, 'data', name);
    if (stored === null && live === null) throw absent();
    if (stored !== null && modifiedAt !== null)
      await deps.view.setModifiedAt(tenantId, stored.fileId, modifiedAt);
  });
  deps.log.debug({ tenantId, username }, 'attributes set');
}

/** Cuts or extends by name. A stored file of another size is a new version, received as such. */
async function setSize(
  deps: OperationDeps,
  account: SftpAccount,
  path: string,
  name: string,
  sizeBytes: number,
) {
  const { tenantId, username, temporaryNames } = account;
  const live = deps.uploads.findLive(tenantId, name);
  if (live !== null) return live.setSize(sizeBytes);
  if ((await statPath(deps, tenantId, path)).sizeBytes === sizeBytes) return;
  const wasPartial = (await deps.partials.find(tenantId, name)) !== null;
  const upload = await deps.uploads.open({
    tenantId,
    sentBy: username,
    name,
    flags: OPEN_FLAG.WRITE,
    temporaryNames,
  });
  try {
    await upload.setSize(sizeBytes);
  } catch (error) {
    await deps.uploads.abandon(upload);
    throw error;
  }
  // A broken upload stays one: only CLOSE of a written handle says that it is whole.
  await (wasPartial ? deps.uploads.abandon(upload) : deps.uploads.finish(upload));
}

/** REMOVE: a partial is deleted, a file that has not ended is withdrawn. Source: case 59. */
export async function removeFile(deps: OperationDeps, account: SftpAccount, path: string): Promise<void> {
  const { tenantId } = account;
  const name = writableName(path);
  const live = deps.uploads.findLive(tenantId, name);
  live?.markRemoved();
  const hadPartial = await deps.partials.remove(tenantId, name);
  const stored = await deps.view.findFile(tenantId, 'data', name);
  const isWithdrawn = stored?.isOpen === true && (await deps.view.withdrawFile(tenantId, stored.fileId));
  if (live !== null || hadPartial || isWithdrawn) return;
  if (stored === null) throw absent();
  throw denied(
    'The file is being read or has been taken in, so it cannot be removed; it is purged 7 days after its arrival.',
  );
}

/** MKDIR never makes anything. Source: C4, case 92. */
export async function refuseFolder(deps: OperationDeps, tenantId: string, path: string): Promise<never> {
  const location = locate(path);
  const isThere = location.kind !== 'nested' && (await statLocation(deps, tenantId, location)) !== null;
  // `mkdir -p` of a client goes on after FAILURE when STAT shows a folder, as with OpenSSH.
  if (isThere) throw failed('It is there already.');
  throw denied(
    'Folders cannot be made here: leave files side by side in /data. Each call is known by its file name.',
  );
}
