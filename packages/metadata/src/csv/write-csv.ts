import type { FieldValue } from '@callbay/core';

/** Characters with which a spreadsheet takes a cell for a formula, the full-width ones of Japanese input among them. */
const FORMULA_START = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

/** What begins like a formula and is harmless: a phone number in E.164, and a plain negative number. */
const E164 = /^\+[1-9]\d{1,14}$/;
const NEGATIVE_NUMBER = /^-\d+(?:\.\d+)?$/;

/** A spreadsheet may part cells at another delimiter than ours, so each of them is quoted. */
const NEEDS_QUOTES = /[",;|\t\r\n]/;

/**
 * One cell of a CSV that we write: quoted where RFC 4180 asks for it, null as nothing, and inert: a `'` stands before
 * what a spreadsheet would run. Source: case 77.
 */
export function toCsvCell(value: FieldValue): string {
  const text = value === null ? '' : String(value);
  const isHarmless = !FORMULA_START.test(text) || E164.test(text) || NEGATIVE_NUMBER.test(text);
  const inert = isHarmless ? text : `'${text}`;
  return NEEDS_QUOTES.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}

/** One row, its line end (CRLF) included. A row of one empty cell is `""`, since an empty line is not a row. */
export function toCsvRow(values: readonly FieldValue[]): string {
  const row = values.map(toCsvCell).join(',');
  return `${row === '' && values.length === 1 ? '""' : row}\r\n`;
}
