import { endOfText } from '../text/end-of-text.ts';
import { type CsvBounds, scanRow, UNCLOSED } from './scan-csv.ts';

/** One row of a CSV that is read piece by piece. */
export type StreamedRow =
  | { readonly kind: 'row'; readonly line: number; readonly cells: string[] }
  /** The row cannot be read, and the next ones can. */
  | {
      readonly kind: 'bad';
      readonly line: number;
      /** The character of its line that is wrong, counted from 1, where one is. */
      readonly column?: number;
      readonly code: 'METADATA_INVALID' | 'ROW_TOO_LARGE';
      readonly message: string;
      /** It is hardly a row of data. */
      readonly isStray?: boolean;
    }
  /** Nobody can tell where the next row begins. It is the last thing given. */
  | { readonly kind: 'fault'; readonly line: number; readonly column?: number; readonly message: string };

/** Where a row that cannot be read stands, as an issue names it. */
export const placeOfRow = ({ line, column }: { line: number; column?: number }): string =>
  column === undefined ? `line ${line}` : `line ${line}, column ${column}`;

const QUOTE = 0x22;
const LF = 0x0a;
const CR = 0x0d;

/** Where in a row that is not kept the text stands: what a quote or a line end means there. */
type Skip = 'cell' | 'plain' | 'quoted' | 'closing';

/**
 * The rows of a CSV whose text comes in pieces: the same rows, of the same dialect, as `scanCsv` gives of the whole
 * text, in memory of one piece and one row. Blank rows are left out. A row over the bounds is told and passed over
 * without being kept; so is one with text after a closing quote. Lines are those of the file, counting the ones inside
 * quotes.
 *
 * Rows without quotes, which nearly all are, are cut by the engine's own `indexOf` and `split`. Source: case 66, 67,
 * 78.
 */
export class CsvRowStream {
  readonly #delimiter: string;
  readonly #separator: number;
  readonly #bounds: CsvBounds;
  #text = '';
  #line: number;
  /** Set while a row is passed over; the piece's end then does not end it. */
  #skip: Skip | null = null;
  /** The last piece ended in a CR whose LF may begin the next. */
  #swallowsLf = false;

  constructor(delimiter: string, bounds: CsvBounds, firstLine = 1) {
    this.#delimiter = delimiter;
    this.#separator = delimiter.charCodeAt(0);
    this.#bounds = bounds;
    this.#line = firstLine;
  }

  /** The rows that this piece completes; with `isLast`, the rest. */
  *push(piece: string, isLast: boolean): Generator<StreamedRow, void> {
    let text = this.#text + piece;
    this.#text = '';
    if (isLast) text = text.slice(0, endOfText(text));
    let position = this.#skip === null ? 0 : this.#passOver(text, 0);
    let quote = text.indexOf('"', position);
    let carriage = text.indexOf('\r', position);
    let nul = text.indexOf('\0', position);
    while (position < text.length) {
      if (quote !== -1 && quote < position) quote = text.indexOf('"', position);
      if (carriage !== -1 && carriage < position) carriage = text.indexOf('\r', position);
      if (nul !== -1 && nul < position) nul = text.indexOf('\0', position);
      const end = text.indexOf('\n', position);
      const isSimple =
        end !== -1 &&
        (quote === -1 || quote > end) &&
        (carriage === -1 || carriage >= end - 1) &&
        (nul === -1 || nul > end);
      if (isSimple) {
        const row = this.#simpleRow(
          text.slice(position, end > position && carriage === end - 1 ? carriage : end),
        );
        this.#line += 1;
        position = end + 1;
        if (row !== null) yield row;
        continue;
      }
      const line = this.#line;
      const { row, next } = scanRow(text, position, this.#separator, this.#bounds);
      const isCut = !isLast && (row.kind === 'fault' ? row.message === UNCLOSED : next >= text.length);
      if (isCut && text.length - position <= this.#bounds.rowLength) break;
      if (isCut || (row.kind === 'row' && row.isTooLarge)) {
        yield this.#tooLarge(line);
        this.#skip = 'cell';
        position = this.#passOver(text, position);
      } else if (row.kind === 'fault') {
        if (row.message === UNCLOSED) {
          this.#countLines(text, position, row.offset);
          yield { kind: 'fault', line: this.#line, column: columnOf(text, row.offset), message: row.message };
          return;
        }
        // A column is that of the row's own first line, or it would name a place on another.
        const isOnLine = !/[\r\n]/.test(text.slice(position, row.offset));
        const place = isOnLine ? { line, column: columnOf(text, row.offset) } : { line };
        yield { kind: 'bad', ...place, code: 'METADATA_INVALID', message: row.message };
        this.#countLines(text, position, row.offset);
        this.#skip = 'plain';
        position = this.#passOver(text, row.offset);
      } else {
        this.#countLines(text, position, next);
        const hasNul = nul !== -1 && nul < next;
        position = next;
        if (hasNul)
          yield {
            kind: 'bad',
            line,
            code: 'METADATA_INVALID',
            message: 'Expected text, found a NUL character.',
          };
        else if (!row.isBlank) yield { kind: 'row', line, cells: [...row.cells] };
      }
    }
    this.#text = position === 0 ? text : text.slice(position);
    if (isLast && this.#skip === 'quoted')
      yield {
        kind: 'fault',
        line: this.#line,
        message: 'Expected a closing `"` for a cell of an overlong row.',
      };
  }

  #simpleRow(text: string): StreamedRow | null {
    if (text.length > this.#bounds.rowLength) return this.#tooLarge(this.#line);
    const cells = text.split(this.#delimiter);
    if (cells.length > this.#bounds.cells) return this.#tooLarge(this.#line);
    // Nothing but delimiters and spaces.
    if (text.length < 512 && isBlankRow(text, this.#separator)) return null;
    return { kind: 'row', line: this.#line, cells };
  }

  #tooLarge(line: number): StreamedRow {
    const { rowLength, cells } = this.#bounds;
    return {
      kind: 'bad',
      line,
      code: 'ROW_TOO_LARGE',
      message: `The row is over ${rowLength} characters or ${cells} values.`,
    };
  }

  #countLines(text: string, from: number, to: number): void {
    for (let at = from; at < to; at += 1) {
      const code = text.charCodeAt(at);
      if (code === LF || (code === CR && text.charCodeAt(at + 1) !== LF)) this.#line += 1;
    }
  }

  /** Goes on to the end of the row that is not kept; answers where the next begins, or the text's end. */
  #passOver(text: string, from: number): number {
    let skip = this.#skip ?? 'cell';
    let at = from;
    if (this.#swallowsLf) {
      this.#swallowsLf = false;
      this.#skip = null;
      return text.charCodeAt(at) === LF ? at + 1 : at;
    }
    for (; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      const isLineEnd = code === LF || code === CR;
      if (skip === 'quoted') {
        if (code === QUOTE) skip = 'closing';
        else if (code === LF || (code === CR && at + 1 < text.length && text.charCodeAt(at + 1) !== LF))
          this.#line += 1;
        continue;
      }
      if (isLineEnd) {
        this.#line += 1;
        if (code === CR && at + 1 === text.length) {
          this.#swallowsLf = true;
          this.#skip = 'cell';
          return text.length;
        }
        this.#skip = null;
        return code === CR && text.charCodeAt(at + 1) === LF ? at + 2 : at + 1;
      }
      if (code === this.#separator) skip = 'cell';
      else if (code === QUOTE && (skip === 'cell' || skip === 'closing')) skip = 'quoted';
      else skip = 'plain';
    }
    this.#skip = skip;
    return text.length;
  }
}

/** The row's text is here from its beginning on. */
function columnOf(text: string, offset: number): number {
  return offset - Math.max(text.lastIndexOf('\n', offset - 1), text.lastIndexOf('\r', offset - 1), -1);
}

function isBlankRow(text: string, separator: number): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code !== separator && code !== 0x20) return false;
  }
  return true;
}
