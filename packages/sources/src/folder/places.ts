import { lstat, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { FilePlace } from '@callbay/ingestion';

/** The folders of one tenant's drop. All must lie on one file system. */
export interface FolderPlaces {
  readonly home: string;
  readonly data: string;
  readonly receipts: string;
  /** A folder for each scanner, and in it one for each file that it takes in, named after the file's id. */
  readonly claims: string;
  /** Files that are being written before they are moved into place. */
  readonly staging: string;
  /** Proves that the folder is the one that was set up, and not the empty mount point below it. */
  readonly marker: string;
  pathOf(place: FilePlace): string;
}

export function placesOf(root: string, tenantId: string): FolderPlaces {
  const home = join(root, tenantId);
  return {
    home,
    data: join(home, 'data'),
    receipts: join(home, 'receipts'),
    claims: join(home, '.callbay', 'claims'),
    staging: join(home, '.callbay', 'staging'),
    marker: join(home, '.callbay', 'drop'),
    pathOf: ({ folder, name }) => join(home, folder, name),
  };
}

const FOLDERS = ['data', 'processed', 'rejected', 'receipts', '.callbay/claims', '.callbay/staging'];

/** Makes what is missing. Folders that are there keep their owner and mode. */
export async function makePlaces(places: FolderPlaces): Promise<void> {
  for (const folder of FOLDERS) await mkdir(join(places.home, folder), { recursive: true });
  const marker = await open(places.marker, 'a');
  await marker.sync();
  await marker.close();
}

const isThere = async (path: string, isKind: 'isFile' | 'isDirectory'): Promise<boolean> => {
  try {
    return (await lstat(path))[isKind]();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
};

/** Why the folder cannot be scanned, in words for the operator; null where it can. */
export async function whyNotInPlace(places: FolderPlaces): Promise<string | null> {
  if (!(await isThere(places.marker, 'isFile')))
    return 'The folder is not in place: the file .callbay/drop is missing. Mount the folder, or remove the drop and make it again.';
  for (const folder of FOLDERS) {
    if (!(await isThere(join(places.home, folder), 'isDirectory')))
      return `The folder ${folder} is missing. Make it again.`;
  }
  return null;
}
