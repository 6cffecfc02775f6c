import type { CallContent } from '../calls/decision.ts';

/** An index entry is bounded, so the text is too. */
const MAX_LENGTH = 200_000;

const MAX_ADDRESSES = 20;
const MAX_ADDRESS_LENGTH = 254;

const isAddress = (word: string): boolean => word.length <= MAX_ADDRESS_LENGTH && word.includes('@');

/** The words in e-mail addresses: an address is one word of the index, which `rep` would not find `rep@bright.test` by. */
const wordsOfAddresses = (text: string): string[] =>
  text
    .split(/[\s<>,;]/)
    .filter(isAddress)
    .slice(0, MAX_ADDRESSES)
    .map((address) => address.split(/[@.+_-]/).join(' '));

/**
 * The text that free-text search finds a call by: its user, its direction, the values of all fields, and the words in their
 * e-mail addresses.
 */
export const searchTextOf = (content: CallContent): string =>
  [content.user, content.direction, ...Object.values(content.fields)]
    .filter((value) => value !== null && value !== '')
    .map(String)
    .flatMap((text) => [text, ...wordsOfAddresses(text.slice(0, MAX_LENGTH))])
    .join(' ')
    .slice(0, MAX_LENGTH)
    // The cut may have left half of a character, which the database refuses.
    .toWellFormed();
