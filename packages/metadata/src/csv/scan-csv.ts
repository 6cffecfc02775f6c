/** One row of a CSV as it stands in the file. */
export interface CsvRow {
  readonly kind: 'row';
  readonly cells: readonly string[];
  readonly offset: number;
  /** No character but delimiters and spaces: not a row of data. A quoted empty cell is data. */
  readonly isBlank: boolean;
  /** The row passed a limit; `cells` then ends early. */
  readonly isTooLarge: boolean;
}

/** What makes the rest of the file unreadable, since nobody can tell where its rows begin. */
export interface CsvFault {
  readonly kind: 'fault';
  readonly offset: number;
  readonly message: string;
}

export interface CsvBounds {
  /** UTF-16 units of one row; a row of more is reported too large without keeping its cells. */
  readonly rowLength: number;
  readonly cells: number;
}

/** What is wrong where a quote is never closed, so that it may be closed in text that is still to come. */
export const UNCLOSED = 'Expected a closing `"` for the cell that begins here.';

const QUOTE = 0x22;
const SPACE = 0x20;
const LF = 0x0a;
const CR = 0x0d;

/**
 * The rows of a CSV text (RFC 4180), one at a time, in one pass. CR, LF and CRLF each end a row, mixed as they come;
 * inside quotes they are content, untouched. A quote in the middle of an unquoted cell is content too; after a closing
 * quote only spaces may come before the delimiter. A fault is the last thing it gives.
 *
 * papaparse, which the tests hold this against, assumes one line end for the whole file, does not tell where a row
 * begins, and lists every bad quote of a hostile row. Source: case 66, case 67, case 78.
 */
export function* scanCsv(
  text: string,
  start: number,
  delimiter: string,
  bounds: CsvBounds,
): Generator<CsvRow | CsvFault, void> {
  const separator = delimiter.charCodeAt(0);
  for (let position = start; position < text.length; ) {
    const { row, next } = scanRow(text, position, separator, bounds);
    yield row;
    if (row.kind === 'fault') return;
    position = next;
  }
}

/** The row that begins at `offset`, and where the next one does. */
export function scanRow(
  text: string,
  offset: number,
  separator: number,
  bounds: CsvBounds,
): { row: CsvRow | CsvFault; next: number } {
  let position = offset;
  const cells: string[] = [];
  let isBlank = true;
  let isTooLarge = false;
  for (let isRowOpen = true; isRowOpen; ) {
    const cell =
      text.charCodeAt(position) === QUOTE
        ? scanQuoted(text, position, separator, bounds.rowLength)
        : scanPlain(text, position, separator);
    if (cell.fault !== null)
      return { row: { kind: 'fault', offset: cell.end, message: cell.fault }, next: cell.end };
    isBlank &&= cell.isBlank;
    isTooLarge ||= cells.length === bounds.cells || cell.end - offset > bounds.rowLength;
    if (!isTooLarge) cells.push(cell.text);
    isRowOpen = text.charCodeAt(cell.end) === separator;
    position = isRowOpen ? cell.end + 1 : skipLineEnd(text, cell.end);
  }
  return { row: { kind: 'row', cells, offset, isBlank, isTooLarge }, next: position };
}

interface Cell {
  readonly text: string;
  /** Where the delimiter, the line end or the end of the file is; with a fault, where that is. */
  readonly end: number;
  readonly isBlank: boolean;
  readonly fault: string | null;
}

function scanPlain(text: string, start: number, separator: number): Cell {
  let end = start;
  let isBlank = true;
  for (; end < text.length; end += 1) {
    const code = text.charCodeAt(end);
    if (code === separator || code === LF || code === CR) break;
    isBlank &&= code === SPACE;
  }
  return { text: text.slice(start, end), end, isBlank, fault: null };
}

function scanQuoted(text: string, start: number, separator: number, maxLength: number): Cell {
  let close = text.indexOf('"', start + 1);
  let hasEscape = false;
  while (close !== -1 && text.charCodeAt(close + 1) === QUOTE) {
    hasEscape = true;
    close = text.indexOf('"', close + 2);
  }
  const isBlank = false;
  if (close === -1) {
    return { text: '', end: start, isBlank, fault: UNCLOSED };
  }
  let end = close + 1;
  while (text.charCodeAt(end) === SPACE) end += 1;
  const next = text.charCodeAt(end);
  if (end < text.length && next !== separator && next !== LF && next !== CR) {
    return {
      text: '',
      end,
      isBlank,
      fault:
        'Expected the delimiter or the end of the line after a closing `"`; a quote inside a cell is written `""`.',
    };
  }
  // A cell that makes its row too large is not kept, so it is not unescaped either.
  const content = end - start > maxLength ? '' : text.slice(start + 1, close);
  return { text: hasEscape ? content.replaceAll('""', '"') : content, end, isBlank, fault: null };
}

function skipLineEnd(text: string, position: number): number {
  if (text.charCodeAt(position) === CR && text.charCodeAt(position + 1) === LF) return position + 2;
  return position + 1;
}
