/** Folders of a drop's bucket: the customer writes `data` and reads the others. */
export type S3Folder = 'data' | 'processed' | 'rejected' | 'receipts';

/** What a key of a bucket is to a drop. */
export type ObjectKey =
  /** A file that the customer left. */
  | { readonly kind: 'file'; readonly name: string }
  /** An empty object that clients make to show a folder. */
  | { readonly kind: 'folder' }
  /** Not below `data`, or not of this drop. */
  | { readonly kind: 'outside' };

/** The longest key that S3 takes, in bytes of UTF-8. */
const MAX_KEY_BYTES = 1_024;

/**
 * The key of a file in one of the folders of a drop. `prefix` is empty or ends with `/`. A name that makes the key too long
 * gives way to `substitute`.
 */
export function objectKeyOf(prefix: string, folder: S3Folder, name: string, substitute = ''): string {
  const key = `${prefix}${folder}/${name}`;
  const isTooLong = new TextEncoder().encode(key).length > MAX_KEY_BYTES;
  return isTooLong && substitute !== '' ? `${prefix}${folder}/${substitute}` : key;
}

/** What an object is to a drop, by its key, and by its size where that is known. A name with `/` is a file, to be refused. */
export function readObjectKey(prefix: string, key: string, sizeBytes: number | null = null): ObjectKey {
  const data = objectKeyOf(prefix, 'data', '');
  if (!key.startsWith(data)) return { kind: 'outside' };
  const name = key.slice(data.length);
  if (name === '') return { kind: 'folder' };
  if (name.endsWith('/') && (sizeBytes === null || sizeBytes === 0)) return { kind: 'folder' };
  return { kind: 'file', name };
}
