import { extensionOf, MEDIA_EXTENSIONS } from './file-kinds.ts';

/** The part of a name that pairs, and what was cut off or mended to get it. */
export interface CanonicalName {
  /** NFC, without the last extension, without a stray space beside the dash. */
  readonly stem: string;
  /** Lower case, without the dot; empty where there is none. */
  readonly ext: string;
  readonly hadStraySpace: boolean;
}

/**
 * Spaces beside the dash of `yyyyMMdd- hhmmss`, which customers copied from an example. Spaces elsewhere are theirs.
 */
const TIMESTAMP_WITH_SPACES = /^(\d{8})( *)-( *)(\d{6})(?!\d)/;

/** Last component of a path written with `/` or `\`; empty for a path that ends in one. Source: C12. */
export function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}

function mendName(path: string): { name: string; hadStraySpace: boolean } {
  const base = baseName(path).normalize('NFC');
  const match = TIMESTAMP_WITH_SPACES.exec(base);
  if (match === null || (match[2] === '' && match[3] === '')) return { name: base, hadStraySpace: false };
  return { name: `${match[1]}-${match[4]}${base.slice(match[0].length)}`, hadStraySpace: true };
}

/** Reads the stem and extension of a file name or path. Total: every string has an answer. Source: C12, C18. */
export function canonicalStem(name: string): CanonicalName {
  const mended = mendName(name);
  const ext = extensionOf(mended.name);
  return {
    stem: ext === '' ? mended.name : mended.name.slice(0, mended.name.lastIndexOf('.')),
    ext,
    hadStraySpace: mended.hadStraySpace,
  };
}

/**
 * Stem of the recording that a metadata field names, or null where it names none. Only a media extension is
 * cut, because metadata may leave it out and ids such as `1620770399.1234` hold dots of their own. Source: C12.
 */
export function namedStem(filename: string): string | null {
  const { name } = mendName(filename.trim());
  if (name === '') return null;
  return MEDIA_EXTENSIONS.has(extensionOf(name)) ? name.slice(0, name.lastIndexOf('.')) : name;
}
