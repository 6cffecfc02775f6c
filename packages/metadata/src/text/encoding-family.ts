import { encodingKey } from '@callbay/core';
import iconv from 'iconv-lite';

/** How an encoding's name is handled. */
export type EncodingFamily =
  | { readonly kind: 'utf-8' }
  | { readonly kind: 'utf-16'; readonly label: 'utf-16le' | 'utf-16be' }
  /** Western European: people name it for UTF-8 text as often as for its own. */
  | { readonly kind: 'latin' }
  | { readonly kind: 'other' };

const UTF8 = new Set([
  'utf8',
  'cesu8',
  'ascii',
  'usascii',
  'us',
  'ascii8bit',
  'iso646us',
  'iso646irv',
  'cp367',
]);
const UTF16LE = new Set(['utf16', 'utf16le', 'ucs2']);
/** ISO 8859-1 is read as Windows-1252, which differs only where the standard has control characters. */
const LATIN = new Set([
  ...['windows1252', 'win1252', 'cp1252', '1252', 'latin1', 'l1', 'iso88591', 'cp28591', '28591'],
  ...['cp819', 'ibm819', 'isoir100', 'csisolatin1', 'msansi'],
]);

/** Null for a name that stands for no encoding. */
export function familyOf(name: string): EncodingFamily | null {
  const key = encodingKey(name);
  if (UTF8.has(key)) return { kind: 'utf-8' };
  if (UTF16LE.has(key)) return { kind: 'utf-16', label: 'utf-16le' };
  if (key === 'utf16be') return { kind: 'utf-16', label: 'utf-16be' };
  if (LATIN.has(key)) return { kind: 'latin' };
  return iconv.encodingExists(name) ? { kind: 'other' } : null;
}
