import { type Issue, issue } from '../issue.ts';

const MAX_NAME_BYTES = 255;

/** C0, DEL, C1, and the line and paragraph separators: each can forge a second line in a listing or a log. */
const CONTROL = /[\p{Cc}\u2028\u2029]/u;
/** Marks, embeddings, overrides and isolates that make a name read other than it is. */
const BIDIRECTIONAL = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

function problemOf(name: string): string | null {
  if (name === '') return 'A file needs a name.';
  if (name === '.' || name === '..') return 'The name of a folder is not a file name.';
  if (/[/\\]/.test(name))
    return 'A name must not contain / or \\: leave files side by side, without folders.';
  if (CONTROL.test(name)) return 'The name contains a control character.';
  if (BIDIRECTIONAL.test(name)) return 'The name contains a character that changes the writing direction.';
  if (!name.isWellFormed() || name.includes('\ufffd')) return 'The name is not valid UTF-8.';
  if (name.trim() !== name) return 'The name begins or ends with a space.';
  if (new TextEncoder().encode(name).length > MAX_NAME_BYTES) {
    return `The name is longer than ${MAX_NAME_BYTES} bytes of UTF-8.`;
  }
  return null;
}

/**
 * Whether a drop refuses to create a file of this name: NAME_INVALID, or null for a good name. U+FFFD is
 * refused because lossy decoding makes one name of two. A blank at either end is refused because it hides in
 * every listing, spoils the extension, and a refusal at OPEN is the one answer the sender sees at once.
 */
export function checkDropName(name: string): Issue | null {
  const problem = problemOf(name);
  return problem === null ? null : issue('NAME_INVALID', problem);
}
