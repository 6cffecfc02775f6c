import { describeCharacter } from '../text/wording.ts';
import type { Fault } from '../tree/source-node.ts';
import { hintForCharacter, hintForOpenString } from './json-hint.ts';

/** Where a reader stands in a JSON text. Readers return null once `problem` is set. */
export interface JsonCursor {
  readonly text: string;
  position: number;
  problem: Fault | null;
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;
const ESCAPE = /["\\/bfnrt]|u[\da-fA-F]{4}/y;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Characters of an open string that are searched for the reason why it is open. */
const OPEN_STRING_EXCERPT = 200;

export function fail(cursor: JsonCursor, offset: number, message: string): null {
  cursor.problem ??= { offset, message };
  return null;
}

export function failExpecting(cursor: JsonCursor, expected: string): null {
  const { text, position } = cursor;
  const character = text.charAt(position);
  const isAfterComma = (character === '}' || character === ']') && endsWithComma(text, position);
  const hint = isAfterComma ? ' The comma before it is one too many.' : hintForCharacter(character);
  return fail(cursor, position, `Expected ${expected}, found ${describeCharacter(text, position)}.${hint}`);
}

function endsWithComma(text: string, end: number): boolean {
  let last = end - 1;
  while (last > 0 && text.charAt(last).trim() === '') last -= 1;
  return text[last] === ',';
}

export function skipSpace(cursor: JsonCursor): void {
  for (; cursor.position < cursor.text.length; cursor.position += 1) {
    const code = cursor.text.charCodeAt(cursor.position);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
  }
}

/** Steps over one character if it is the one asked for. */
export function take(cursor: JsonCursor, character: string): boolean {
  if (cursor.text[cursor.position] !== character) return false;
  cursor.position += 1;
  return true;
}

/** The string that begins here, its escapes resolved. */
export function readString(cursor: JsonCursor): string | null {
  const { text, position: start } = cursor;
  const openHint = (end: number): string =>
    hintForOpenString(text.slice(start, Math.min(end, start + OPEN_STRING_EXCERPT)));
  let hasEscape = false;
  let position = start + 1;
  for (; position < text.length; position += 1) {
    const code = text.charCodeAt(position);
    if (code === QUOTE) {
      cursor.position = position + 1;
      const content = text.slice(start + 1, position);
      return hasEscape ? (JSON.parse(`"${content}"`) as string) : content;
    }
    if (code === BACKSLASH) {
      const escaped = match(text, ESCAPE, position + 1);
      if (escaped === null)
        return fail(cursor, position, 'Expected a JSON escape such as `\\n` or `\\u00e9` here.');
      hasEscape = true;
      position += escaped.length;
    } else if (code < 0x20) {
      const message =
        'Expected the string to go on or to close: a line break or tab in it is written `\\n` or `\\t`.';
      return fail(cursor, position, message + openHint(position));
    }
  }
  return fail(
    cursor,
    start,
    `Expected a closing \`"\` for the string that begins here.${openHint(position)}`,
  );
}

/** The source text of the number, `true`, `false` or `null` that begins here. */
export function readWord(cursor: JsonCursor): string | null {
  const word = match(cursor.text, NUMBER, cursor.position) ?? match(cursor.text, WORD, cursor.position);
  if (word === null) return failExpecting(cursor, 'a value');
  cursor.position += word.length;
  return word;
}

function match(text: string, sticky: RegExp, at: number): string | null {
  sticky.lastIndex = at;
  return sticky.exec(text)?.[0] ?? null;
}
