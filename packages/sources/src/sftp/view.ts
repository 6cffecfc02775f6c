import type { DropView } from '@callbay/ingestion';
import type { FileEntry } from 'ssh2';
import { listingEntry, type Stat } from './attrs.ts';
import type { PartialStore } from './partials.ts';
import type { Folder, Location } from './paths.ts';
import type { Uploads } from './uploads.ts';

export interface ViewDeps {
  readonly view: DropView;
  readonly partials: PartialStore;
  readonly uploads: Uploads;
  readonly now: () => Date;
  /** Folders have no time of their own; they show the server's start. */
  readonly startedAt: Date;
}

const PAGE = 200;

const folderStat = (deps: ViewDeps, folder: Folder): Stat => ({
  isFolder: true,
  isReadOnly: folder !== 'data',
  sizeBytes: 0,
  modifiedAt: deps.startedAt,
});

type Sized = { readonly sizeBytes: number; readonly modifiedAt: Date };

const fileStat = (file: Sized, isReadOnly: boolean): Stat => ({
  isFolder: false,
  isReadOnly,
  sizeBytes: file.sizeBytes,
  modifiedAt: file.modifiedAt,
});

/** What STAT answers: an upload under way, a broken one, a stored file, a receipt, a folder; null for nothing. */
export async function statLocation(
  deps: ViewDeps,
  tenantId: string,
  location: Location,
): Promise<Stat | null> {
  if (location.kind === 'nested') return null;
  if (location.kind === 'folder') return folderStat(deps, location.folder);
  const { folder, name } = location;
  if (folder === 'receipts') {
    const receipt = await deps.view.findReceipt(tenantId, name);
    return receipt === null ? null : fileStat(receipt, true);
  }
  if (folder === 'data') {
    const underWay = deps.uploads.findLive(tenantId, name) ?? (await deps.partials.find(tenantId, name));
    if (underWay !== null) return fileStat(underWay, false);
  }
  const stored = await deps.view.findFile(tenantId, folder, name);
  return stored === null ? null : fileStat(stored, folder !== 'data');
}

/**
 * The entries of a folder, a page of the database at a time. With `hidesOurFolders`, `/data` does not show
 * `processed` and `rejected`, which can still be opened by name.
 */
export async function* listFolder(
  deps: ViewDeps,
  tenantId: string,
  folder: Folder,
  hidesOurFolders: boolean,
): AsyncGenerator<FileEntry> {
  const now = deps.now();
  const folderEntry = (name: string, shown: Folder) => listingEntry(name, folderStat(deps, shown), now);
  yield folderEntry('.', folder);
  yield folderEntry('..', 'root');
  if (folder === 'root') {
    yield folderEntry('data', 'data');
    yield folderEntry('receipts', 'receipts');
    return;
  }
  if (folder === 'receipts') {
    yield* paged(
      (afterName) => deps.view.listReceipts(tenantId, { afterName, limit: PAGE }),
      (receipt) => listingEntry(receipt.name, fileStat(receipt, true), now),
    );
    return;
  }
  const underWay = folder === 'data' ? await uploadsUnderWay(deps, tenantId) : new Map<string, Sized>();
  if (folder === 'data') {
    if (!hidesOurFolders) {
      yield folderEntry('processed', 'processed');
      yield folderEntry('rejected', 'rejected');
    }
    for (const [name, upload] of underWay) yield listingEntry(name, fileStat(upload, false), now);
  }
  yield* paged(
    (afterName) => deps.view.listFolder(tenantId, folder, { afterName, limit: PAGE }),
    (file) =>
      underWay.has(file.name) ? null : listingEntry(file.name, fileStat(file, folder !== 'data'), now),
  );
}

async function uploadsUnderWay(deps: ViewDeps, tenantId: string): Promise<Map<string, Sized>> {
  const found = new Map<string, Sized>();
  for (const partial of await deps.partials.list(tenantId)) found.set(partial.name, partial);
  for (const upload of deps.uploads.listLive(tenantId)) found.set(upload.own.name, upload);
  return found;
}

/** Follows pages by name until one comes back short. */
async function* paged<T extends { readonly name: string }>(
  load: (afterName: string | null) => Promise<T[]>,
  show: (item: T) => FileEntry | null,
): AsyncGenerator<FileEntry> {
  let afterName: string | null = null;
  for (;;) {
    const page: T[] = await load(afterName);
    for (const item of page) {
      const entry = show(item);
      if (entry !== null) yield entry;
    }
    const last = page.at(-1);
    if (page.length < PAGE || last === undefined) return;
    afterName = last.name;
  }
}
