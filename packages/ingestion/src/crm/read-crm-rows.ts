/**
 * Runs in a child process that may die: reads a CRM file of any size and writes its objects as lines of Postgres COPY
 * text: `line, id, fields, refs`, or whole rows of the table where the constant columns are given. It keeps one
 * piece of the file and a bounded report, whatever the file holds.
 */
import {
  type CrmMapping,
  type CrmRow,
  type CrmRowReader,
  type CrmType,
  type Issue,
  isIssue,
  issue,
  makeCrmRowReader,
  presetCrmMapping,
} from '@callbay/core';
import { type CsvHeader, CsvStream, placeOfRow } from '@callbay/metadata';
import { copyLine } from '../reading/copy-text.ts';
import type { RowSink } from '../reading/row-module.ts';
import { openTextPieces } from '../reading/text-pieces.ts';

export interface CrmReadOptions {
  readonly type: CrmType;
  /** Null: the preset for the columns that are there. */
  readonly mapping: CrmMapping | null;
  /** What the mapping or the tenant's settings say about the file's encoding; null where neither does. */
  readonly encoding: string | null;
  readonly timeZone: string | null;
  readonly receivedAtMs: number;
  /** For rows of `tenant, type, id, fields, refs, file, time`: the text before and after the row. */
  readonly wholeRow: { readonly tenantId: string; readonly fileId: string; readonly at: string } | null;
}

/** What reading a CRM file found, whatever its size. */
export interface CrmReadReport {
  readonly encoding: string | null;
  readonly delimiter: string | null;
  readonly columns: readonly string[];
  /** False: ids only ascend, so that none repeats. */
  readonly mayRepeatIds: boolean;
  /** Rows of data, blank ones apart, and how many were written. */
  readonly rows: number;
  readonly written: number;
  /** The first thousand, in order, and all by code. */
  readonly errors: readonly { readonly line: number; readonly code: string; readonly message: string }[];
  readonly errorCounts: Readonly<Record<string, number>>;
  readonly warnings: readonly Issue[];
  /** The most memory that the reading process held. */
  readonly peakMb: number;
  /** Why nothing of the file may be used; empty where it may. */
  readonly issues: readonly Issue[];
}

const MAX_ERRORS = 1_000;
const MAX_WARNINGS = 20;
export async function readRows(path: string, options: CrmReadOptions, sink: RowSink): Promise<CrmReadReport> {
  const text = await openTextPieces(path, options.encoding);
  const reading = new Reading(options, text.isText ? text.encoding : null);
  if (!text.isText) {
    reading.refuse(text.issues);
    return reading.report();
  }
  reading.warn(text.warnings);
  for await (const piece of text.pieces()) {
    const block = reading.take(piece.text, piece.isLast);
    if (block !== '') await sink.write(block);
    if (reading.hasEnded) return reading.report();
  }
  return reading.report();
}

class Reading {
  readonly #options: CrmReadOptions;
  readonly #rowStart: string | null;
  readonly #rowEnd: string;
  #lastId = '';
  #isAscending = true;
  readonly #encoding: string | null;
  readonly #csv: CsvStream;
  readonly #errors: { line: number; code: string; message: string }[] = [];
  readonly #errorCounts = new Map<string, number>();
  readonly #warnings = new Map<string, Issue>();
  #header: CsvHeader | null = null;
  #reader: CrmRowReader | null = null;
  #issues: readonly Issue[] = [];
  #rows = 0;
  #written = 0;

  constructor(options: CrmReadOptions, encoding: string | null) {
    const { wholeRow, type } = options;
    this.#options = options;
    this.#rowStart = wholeRow && `${copyLine(wholeRow.tenantId)}\t${type}\t`;
    this.#rowEnd = wholeRow ? `\t${wholeRow.fileId}\t${wholeRow.at}\n` : '\n';
    this.#encoding = encoding;
    this.#csv = new CsvStream({}, encoding ?? 'utf-8');
  }

  get hasEnded(): boolean {
    return this.#issues.length > 0;
  }

  /** Of the file as a whole. */
  warn(warnings: readonly Issue[]): void {
    for (const warning of warnings) this.#warnings.set(warning.code, warning);
  }

  refuse(issues: readonly Issue[]): void {
    this.#issues = issues;
  }

  /** The lines to write for one piece of the text. */
  take(text: string, isLast: boolean): string {
    let block = '';
    for (const row of this.#csv.push(text, isLast)) {
      if (row.kind === 'row') {
        this.#rows += 1;
        const read = this.#reader!.read(row.cells);
        if (isIssue(read))
          this.#addError(
            row.line,
            read.code,
            read.at === null ? read.message : `${read.at}: ${read.message}`,
          );
        else {
          this.#written += 1;
          for (const warning of read.warnings) this.#addWarning(warning, row.line);
          block += this.#copyLine(row.line, read);
        }
      } else if (row.kind === 'bad') {
        this.#rows += 1;
        this.#addError(row.line, row.code, row.message);
      } else if (row.kind === 'fault') this.refuse([issue('METADATA_INVALID', row.message, placeOfRow(row))]);
      else if (row.kind === 'refused') this.refuse(row.issues);
      else this.#start(row.header, row.warnings);
      if (this.hasEnded) return '';
    }
    return block;
  }

  #start(header: CsvHeader, warnings: readonly Issue[]): void {
    const { type, mapping, timeZone, receivedAtMs } = this.#options;
    const { names } = header;
    this.#header = header;
    for (const warning of warnings) this.#addWarning(warning, 1);
    const reader = makeCrmRowReader(names, type, mapping ?? presetCrmMapping(type, names), {
      timeZone,
      receivedAtMs,
    });
    if ('read' in reader) this.#reader = reader;
    else this.refuse(reader);
  }

  #addError(line: number, code: string, message: string): void {
    this.#errorCounts.set(code, (this.#errorCounts.get(code) ?? 0) + 1);
    if (this.#errors.length < MAX_ERRORS) this.#errors.push({ line, code, message });
  }

  /** One warning of a kind for each column, at the first line that gave it. */
  #addWarning(warning: Issue, line: number): void {
    const key = `${warning.code} ${warning.at}`;
    if (this.#warnings.has(key) || this.#warnings.size >= MAX_WARNINGS) return;
    const place = warning.at === null ? `line ${line}` : `line ${line}, ${warning.at}`;
    this.#warnings.set(key, { ...warning, at: place });
  }

  #copyLine(line: number, { externalId, json, references }: CrmRow): string {
    this.#isAscending &&= externalId > this.#lastId;
    this.#lastId = externalId;
    const named = this.#reader!.references;
    const refs =
      named.length === 0
        ? '\\N'
        : copyLine(
            JSON.stringify(Object.fromEntries(named.map(({ field }, nth) => [field, references[nth]]))),
          );
    const start = this.#rowStart ?? `${line}\t`;
    return `${start}${copyLine(externalId)}\t${copyLine(json)}\t${refs}${this.#rowEnd}`;
  }

  report(): CrmReadReport {
    return {
      encoding: this.#encoding,
      delimiter: this.#csv.delimiter,
      columns: this.#header?.names ?? [],
      mayRepeatIds: !this.#isAscending,
      rows: this.#rows,
      written: this.#written,
      errors: this.#errors,
      errorCounts: Object.fromEntries(this.#errorCounts),
      warnings: [...this.#warnings.values()],
      peakMb: Math.round(process.resourceUsage().maxRSS / 1024),
      issues: this.#issues,
    };
  }
}
