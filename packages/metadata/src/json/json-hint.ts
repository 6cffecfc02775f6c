const CURLY_QUOTES = /[\u2018-\u201f\u00ab\u00bb\u2039\u203a]/;
const ODD_SPACE = /[\u00a0\u0085\u1680\u180e\u2000-\u200f\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]/;

/**
 * What a person likely did to make this character stand where JSON wants syntax; '' when it tells nothing. Source: case
 * 73.
 */
export function hintForCharacter(character: string): string {
  if (CURLY_QUOTES.test(character)) return ' This is a typographic quote: use the straight double quote `"`.';
  if (ODD_SPACE.test(character)) return ' This is a no-break or other special space: use a plain space.';
  if (character === "'") return ' JSON strings stand in double quotes.';
  if (character === '/' || character === '#') return ' JSON has no comments.';
  if (/[+\d.]/.test(character)) return ' Put quotes around a value that is not a plain JSON number.';
  return '';
}

/** Why a string may seem never to end. */
export const hintForOpenString = (content: string): string =>
  CURLY_QUOTES.test(content) ? ' A typographic quote stands where the closing straight `"` belongs.' : '';
