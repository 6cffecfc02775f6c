/**
 * Characters that nobody sees and that no number, id or address has: zero-width spaces and joiners, marks and
 * embeddings of writing direction, the soft hyphen, the byte order mark, the C1 next line. Text that was copied out of a
 * page or a contact card brings them along, and String.prototype.trim leaves them.
 */
const MARKS =
  '\\u0085\\u00ad\\u061c\\u180e\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u2064\\u2066-\\u206f\\ufeff';
const MARK = new RegExp(`[${MARKS}]`);
const ALL_MARKS = new RegExp(`[${MARKS}]`, 'g');
const ENDS = new RegExp(`^[\\s${MARKS}]+|[\\s${MARKS}]+$`, 'g');

/** A text without such marks, wherever they stand, and without white space at its ends. */
export const withoutMarks = (text: string): string =>
  (MARK.test(text) ? text.replace(ALL_MARKS, '') : text).trim();

/** A text without marks and white space at its ends; inside they may be meant, as in Persian names and emoji. */
export function trimMarks(text: string): string {
  const trimmed = text.trim();
  return MARK.test(trimmed) ? trimmed.replace(ENDS, '') : trimmed;
}
