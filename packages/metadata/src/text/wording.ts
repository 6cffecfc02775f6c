import type { MetadataLimits } from '../limits.ts';

/** Characters of a key that a message may repeat. */
const KEY_EXCERPT = 60;

/** A key as a message may show it: quoted, control characters escaped, cut short. */
export function quoteKey(key: string): string {
  const excerpt = key.length > KEY_EXCERPT ? `${key.slice(0, KEY_EXCERPT)}…` : key;
  return JSON.stringify(excerpt.toWellFormed());
}

/** The character at an offset as a message may show it: never more than that one. */
export function describeCharacter(text: string, offset: number): string {
  const code = text.codePointAt(offset);
  if (code === undefined) return 'the end of the file';
  if (code === 0x0a || code === 0x0d) return 'the end of the line';
  const name = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  if (code > 0x20 && code < 0x7f) return `\`${String.fromCodePoint(code)}\``;
  return /[\p{L}\p{N}\p{P}\p{S}]/u.test(String.fromCodePoint(code))
    ? `\`${String.fromCodePoint(code)}\` (${name})`
    : name;
}

export const overRecordLimit = ({ recordBytes }: Pick<MetadataLimits, 'recordBytes'>): string =>
  `The names and values of one record are over ${recordBytes} bytes together.`;
