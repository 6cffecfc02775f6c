import { type Issue, issue } from '@callbay/core';
import { createIssueList } from '../issue-list.ts';
import { METADATA_LIMITS, type MetadataLimits } from '../limits.ts';
import { bytesOf, isLongerThan } from '../text/byte-length.ts';
import { overRecordLimit, quoteKey } from '../text/wording.ts';
import { detectDelimiter } from './detect-delimiter.ts';
import { type CsvHeader, readHeader } from './read-header.ts';
import { CsvRowStream, type StreamedRow } from './row-stream.ts';

const BYTE_ORDER_MARK = 0xfeff;

/** A row that fits its header, or one that does not, or what ends the reading. */
export type CsvStreamRow =
  | StreamedRow
  /** Comes first, once. */
  | { readonly kind: 'header'; readonly header: CsvHeader; readonly warnings: readonly Issue[] }
  | { readonly kind: 'refused'; readonly issues: readonly Issue[] };

/**
 * A CSV whose text comes in pieces, as rows under its header: bounded memory for a file of any size. The delimiter is
 * told from the first piece, which should hold 64 K characters where the file does. A row that does not fit is `bad`
 * and the others go on; `refused` and `fault` are the last thing given. Source: case 66, 67, 68, 78.
 */
export class CsvStream {
  readonly #limits: MetadataLimits;
  #rows: CsvRowStream | null = null;
  #header: CsvHeader | null = null;
  /** UTF-8 bytes of the column names, once they were counted. */
  #nameBytes: number | null = null;
  #hasEnded = false;
  /** Null before the first piece. */
  delimiter: string | null = null;

  constructor(limits: Partial<MetadataLimits> = {}) {
    this.#limits = { ...METADATA_LIMITS, ...limits };
  }

  *push(piece: string, isLast: boolean): Generator<CsvStreamRow, void> {
    if (this.#hasEnded) return;
    const text = this.#rows === null ? this.#start(piece) : piece;
    for (const row of this.#rows!.push(text, isLast)) {
      const told =
        this.#header === null ? this.#readHeader(row) : row.kind === 'row' ? this.#check(row) : row;
      yield told;
      this.#hasEnded ||= told.kind === 'refused' || told.kind === 'fault';
      if (this.#hasEnded) return;
    }
    if (isLast && this.#header === null)
      yield { kind: 'refused', issues: [issue('METADATA_INVALID', 'The file is empty.')] };
  }

  #start(piece: string): string {
    let mark = 0;
    while (piece.charCodeAt(mark) === BYTE_ORDER_MARK) mark += 1;
    const { delimiter, start } = detectDelimiter(mark === 0 ? piece : piece.slice(mark));
    this.delimiter = delimiter;
    const { rowLength, fieldsPerRecord } = this.#limits;
    this.#rows = new CsvRowStream(delimiter, { rowLength, cells: fieldsPerRecord }, start > 0 ? 2 : 1);
    return piece.slice(mark + start);
  }

  #readHeader(row: StreamedRow): CsvStreamRow {
    if (row.kind === 'fault') return row;
    if (row.kind === 'bad')
      return {
        kind: 'refused',
        issues: [issue(row.code, `The header cannot be used. ${row.message}`, `line ${row.line}`)],
      };
    const issues = createIssueList(this.#limits.issues);
    const warnings = createIssueList(this.#limits.issues);
    const whole = { kind: 'row', cells: row.cells, offset: 0, isBlank: false, isTooLarge: false } as const;
    this.#header = readHeader(whole, `line ${row.line}`, this.#limits, issues, warnings);
    return this.#header === null
      ? { kind: 'refused', issues: issues.close() }
      : { kind: 'header', header: this.#header, warnings: warnings.close() };
  }

  #check(row: Extract<StreamedRow, { kind: 'row' }>): StreamedRow {
    const { names, cellCount } = this.#header!;
    const { cells, line } = row;
    const isRagged =
      cells.length < names.length ||
      cells.length > cellCount ||
      (cells.length > names.length && cells.slice(names.length).some((cell) => cell !== ''));
    if (isRagged) {
      const message = `Expected ${names.length} values, found ${cells.length}: put quotes around a value that holds the delimiter.`;
      return { kind: 'bad', line, code: 'METADATA_INVALID', message };
    }
    const message = this.#complainOfBytes(names, cells);
    return message === null ? row : { kind: 'bad', line, code: 'ROW_TOO_LARGE', message };
  }

  #complainOfBytes(names: readonly string[], cells: readonly string[]): string | null {
    const { valueBytes, recordBytes } = this.#limits;
    let units = 0;
    for (const [index, cell] of cells.entries()) {
      units += cell.length;
      if (cell.length > valueBytes / 4 && isLongerThan(cell, valueBytes))
        return `The value of ${quoteKey(names[index] ?? '')} is over ${valueBytes} bytes.`;
    }
    this.#nameBytes ??= bytesOf(names);
    // A UTF-16 unit takes three bytes at most.
    if (this.#nameBytes + units * 3 <= recordBytes) return null;
    return this.#nameBytes + bytesOf(cells) > recordBytes ? overRecordLimit(this.#limits) : null;
  }
}
