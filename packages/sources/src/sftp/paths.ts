import { checkDropName } from '@callbay/core';
import { denied } from './statuses.ts';

/** A folder of the drop's view. */
export type Folder = 'root' | 'data' | 'processed' | 'rejected' | 'receipts';

/** What a client's path means. `nested` is a path below a file: names are flat, nothing can be there. */
export type Location =
  | { readonly kind: 'folder'; readonly folder: Folder }
  | { readonly kind: 'file'; readonly folder: Exclude<Folder, 'root'>; readonly name: string }
  | { readonly kind: 'nested' };

const FOLDER_PATHS: Record<Folder, string> = {
  root: '/',
  data: '/data',
  processed: '/data/processed',
  rejected: '/data/rejected',
  receipts: '/receipts',
};

/** U+FFFD is what ssh2 makes of bytes that are not UTF-8: two such names would become one file. */
const UNREADABLE = /[\0\uFFFD]/;

function segmentsOf(path: string): string[] {
  const segments: string[] = path.startsWith('/') ? [] : ['data'];
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment === '..') segments.pop();
    else segments.push(segment);
  }
  return segments;
}

/**
 * The place a client's path means. Relative paths start at `/data`; whatever is neither `/data` nor `/receipts`
 * is meant inside `/data`, so `/x` is `/data/x`. Source: C4, E6. Throws PERMISSION_DENIED for undecodable bytes.
 */
export function locate(path: string): Location {
  if (UNREADABLE.test(path) || path.length > 4096)
    throw denied('This path holds bytes that are not valid UTF-8.');
  const segments = segmentsOf(path);
  const [first] = segments;
  if (first === undefined) return { kind: 'folder', folder: 'root' };
  if (first === 'receipts') return inFolder('receipts', segments.slice(1));
  const [name, ...below] = first === 'data' ? segments.slice(1) : segments;
  if (name === undefined) return { kind: 'folder', folder: 'data' };
  if (name === 'processed' || name === 'rejected') return inFolder(name, below);
  return inFolder('data', [name, ...below]);
}

function inFolder(folder: Exclude<Folder, 'root'>, segments: string[]): Location {
  const [name, ...below] = segments;
  if (name === undefined) return { kind: 'folder', folder };
  return below.length > 0 ? { kind: 'nested' } : { kind: 'file', folder, name };
}

/** The absolute path of a place, for REALPATH. A nested path, which nothing can be at, comes back normalised. */
export function canonicalPath(path: string): string {
  const location = locate(path);
  if (location.kind === 'folder') return FOLDER_PATHS[location.folder];
  if (location.kind === 'file') return `${FOLDER_PATHS[location.folder]}/${location.name}`;
  return `/${segmentsOf(path).join('/')}`;
}

const READ_ONLY: Record<Exclude<Folder, 'data'>, string> = {
  root: 'Files go into /data.',
  processed: '/data/processed is kept by the server: it shows what was taken in, and is read-only.',
  rejected:
    '/data/rejected is kept by the server: it shows what was refused and is read-only. See /receipts for why.',
  receipts: '/receipts is written by the server and is read-only.',
};

/**
 * The name in `/data` that a path to be written, renamed or removed means. Throws PERMISSION_DENIED with a
 * sentence for a read-only place, a folder, a path that climbs, and a name that may not be stored.
 */
export function writableName(path: string): string {
  if (path.split('/').includes('..')) throw denied('A path to be written may not contain "..".');
  const location = locate(path);
  if (location.kind === 'nested') throw denied('Folders cannot be made here: names in /data are flat.');
  if (location.folder !== 'data') throw denied(READ_ONLY[location.folder]);
  if (location.kind === 'folder') throw denied('/data is a folder; name a file in it.');
  const problem = checkDropName(location.name);
  if (problem !== null) throw denied(problem.message);
  return location.name;
}
