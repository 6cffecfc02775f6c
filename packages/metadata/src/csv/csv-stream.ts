import { type Issue, issue } from '@callbay/core';
import { createIssueList } from '../issue-list.ts';
import { METADATA_LIMITS, type MetadataLimits } from '../limits.ts';
import { brokenText } from '../text/decode.ts';
import { detectDelimiter, nameOfDelimiter } from './detect-delimiter.ts';
import { RowFit } from './fit-row.ts';
import { type CsvHeader, readHeader } from './read-header.ts';
import { CsvRowStream, type StreamedRow } from './row-stream.ts';

const BYTE_ORDER_MARK = 0xfeff;
const CTRL_Z = '\u001a';

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
  #rival: string | null = null;
  #fit: RowFit | null = null;
  #hasEnded = false;
  /** A piece held bytes that are not characters. */
  #isBroken = false;
  readonly #encoding: string;
  /** Null before the first piece. */
  delimiter: string | null = null;

  /** `encoding` is named where a row has bytes that are not of it. */
  constructor(limits: Partial<MetadataLimits> = {}, encoding = 'utf-8') {
    this.#limits = { ...METADATA_LIMITS, ...limits };
    this.#encoding = encoding;
  }

  *push(piece: string, isLast: boolean): Generator<CsvStreamRow, void> {
    if (this.#hasEnded) return;
    this.#isBroken ||= !piece.isWellFormed();
    let text = piece;
    if (this.#rows === null) {
      text = this.#start(piece);
      if (this.#rival !== null) {
        this.#hasEnded = true;
        yield { kind: 'refused', issues: [this.#refuseTie(this.#rival)] };
        return;
      }
    }
    for (const row of this.#rows!.push(text, isLast)) {
      const told =
        this.#header === null ? this.#readHeader(row) : row.kind === 'row' ? this.#check(row) : row;
      if (told === null) continue;
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
    const { delimiter, rival, start } = detectDelimiter(mark === 0 ? piece : piece.slice(mark));
    this.delimiter = delimiter;
    this.#rival = rival;
    const { rowLength, fieldsPerRecord } = this.#limits;
    this.#rows = new CsvRowStream(delimiter, { rowLength, cells: fieldsPerRecord }, start > 0 ? 2 : 1);
    return piece.slice(mark + start);
  }

  #refuseTie(rival: string): Issue {
    const [one, other] = [this.delimiter ?? ',', rival].map(nameOfDelimiter);
    return issue(
      'METADATA_INVALID',
      `Either ${one} or ${other} may part the columns: put quotes around the values that hold the other, or begin the file with a line such as \`sep=;\`.`,
      'line 1',
    );
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
    if (this.#isBroken && row.cells.some((cell) => !cell.isWellFormed()))
      return {
        kind: 'refused',
        issues: [issue('METADATA_INVALID', brokenText(this.#encoding), `line ${row.line}`)],
      };
    const whole = { kind: 'row', cells: row.cells, offset: 0, isBlank: false, isTooLarge: false } as const;
    this.#header = readHeader(whole, `line ${row.line}`, this.#limits, issues, warnings);
    if (this.#header === null) return { kind: 'refused', issues: issues.close() };
    this.#fit = new RowFit(this.#header, this.#limits, this.#encoding);
    return { kind: 'header', header: this.#header, warnings: warnings.close() };
  }

  /** Null for the end mark of old systems on a line of its own. */
  #check(row: Extract<StreamedRow, { kind: 'row' }>): StreamedRow | null {
    const { cells, line } = row;
    if (cells.length === 1 && cells[0] === CTRL_Z) return null;
    const misfit = this.#fit!.complain(cells, this.#isBroken);
    return misfit === null ? row : { kind: 'bad', line, ...misfit };
  }
}
