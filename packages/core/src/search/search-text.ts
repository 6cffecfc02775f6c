import type { CallContent } from '../calls/decision.ts';

/** An index entry is bounded, so the text is too. */
const MAX_LENGTH = 200_000;

/** The text that free-text search finds a call by: its user, its direction, and the values of all fields. */
export const searchTextOf = (content: CallContent): string =>
  [content.user, content.direction, ...Object.values(content.fields)]
    .filter((value) => value !== null && value !== '')
    .map(String)
    .join(' ')
    .slice(0, MAX_LENGTH)
    // The cut may have left half of a character, which the database refuses.
    .toWellFormed();
