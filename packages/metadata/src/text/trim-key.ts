/**
 * Invisible characters that String.prototype.trim leaves: zero-width spaces, joiners, direction marks, the C1 next
 * line.
 */
const INVISIBLE = new Set([
  '\u0085',
  '\u180e',
  '\u200b',
  '\u200c',
  '\u200d',
  '\u200e',
  '\u200f',
  '\u2060',
  '\ufeff',
]);

const isBlank = (character: string): boolean => INVISIBLE.has(character) || character.trim() === '';

/** A key without the white space at its ends, no-break and zero-width spaces included. Source: case 74. */
export function trimKey(key: string): string {
  let start = 0;
  let end = key.length;
  while (start < end && isBlank(key.charAt(start))) start += 1;
  while (end > start && isBlank(key.charAt(end - 1))) end -= 1;
  return key.slice(start, end);
}
