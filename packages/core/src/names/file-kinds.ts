import { parseBundleName } from '../bundles/bundle-name.ts';
import type { NameKind } from './parsed-name.ts';
import { isTemporaryName } from './temporary-names.ts';

/** The fourteen media types customers were promised, and the other common ones. Source: C7. */
export const MEDIA_EXTENSIONS: ReadonlySet<string> = new Set([
  // Those promised.
  'wav',
  'mp3',
  'mp4',
  'm4a',
  'mpg',
  'wma',
  'wmv',
  'webm',
  'aiff',
  'flac',
  'ogg',
  'gsm',
  'arf',
  'au',
  // The other common ones.
  'mpeg',
  'mov',
  'avi',
  'mkv',
  'aac',
  'opus',
  'amr',
  'aif',
  '3gp',
]);

/** Call metadata, accepted in four formats everywhere. Source: C12. */
export const SIDECAR_EXTENSIONS: ReadonlySet<string> = new Set(['json', 'xml', 'csv', 'yml', 'yaml']);

/** Part after the last dot, lower case; empty without one, for a name ending in a dot, and for `.profile`. */
export function extensionOf(base: string): string {
  const dot = base.lastIndexOf('.');
  return dot > 0 ? base.slice(dot + 1).toLowerCase() : '';
}

/** What a base name says the file is, before anybody has read its bytes. Source: C7, C12. */
export function kindOfName(base: string, temporaryNames?: readonly string[] | null): NameKind {
  if (isTemporaryName(base, temporaryNames)) return 'temporary';
  if (parseBundleName(base) !== null) return 'bundle';
  const ext = extensionOf(base);
  if (MEDIA_EXTENSIONS.has(ext)) return 'recording';
  return SIDECAR_EXTENSIONS.has(ext) ? 'sidecar' : 'unsupported';
}
