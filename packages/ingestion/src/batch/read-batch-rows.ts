/**
 * Runs in a child process that may die: reads a batch of any size and writes its rows as lines of Postgres COPY text,
 * `row, line, named_stem, raw, nested_paths, at, issues`. It holds one piece of a CSV, whatever the file holds.
 */
import { readFile } from 'node:fs/promises';
import {
  checkColumns,
  encodingOf,
  type Issue,
  issue,
  type Policy,
  promisedFields,
  type RawRecord,
  stemNamedBy,
} from '@callbay/core';
import { CsvStream, fieldsOfRow, type MetadataFormat, parseMetadata, placeOfRow } from '@callbay/metadata';
import { copyText } from '../reading/copy-text.ts';
import type { RowSink } from '../reading/row-module.ts';
import { openTextPieces } from '../reading/text-pieces.ts';

export interface BatchReadOptions {
  readonly format: MetadataFormat;
  readonly policy: Policy;
}

/** What reading a batch found, whatever its size. */
export interface BatchReadReport {
  readonly rows: number;
  /** Rows that cannot be read; each says why in its own outcome. */
  readonly badRows: number;
  readonly warnings: readonly Issue[];
  /** Why nothing of the file may be used; empty where it may. */
  readonly issues: readonly Issue[];
}

export async function readRows(
  path: string,
  { format, policy }: BatchReadOptions,
  sink: RowSink,
): Promise<BatchReadReport> {
  const writer = new RowWriter(policy, sink);
  return format === 'csv' ? readCsv(path, writer) : readList(path, format, writer);
}

async function readCsv(path: string, writer: RowWriter): Promise<BatchReadReport> {
  const text = await openTextPieces(path, encodingOf(writer.policy));
  if (!text.isText) return writer.refuse(text.issues);
  const csv = new CsvStream({}, text.encoding);
  let names: readonly string[] = [];
  let warnings = text.warnings;
  for await (const piece of text.pieces()) {
    for (const row of csv.push(piece.text, piece.isLast)) {
      if (row.kind === 'header') {
        names = row.header.names;
        warnings = [...warnings, ...row.warnings];
        const drift = checkColumns(names, promisedFields(writer.policy.mapping.fields));
        if (drift.length > 0) return writer.refuse(drift);
      } else if (row.kind === 'row') {
        const { line, cells } = row;
        writer.add(line, { fields: fieldsOfRow(names, cells), nestedPaths: [], at: `line ${line}` });
      } else if (row.kind === 'bad') {
        writer.addBad(row.line, issue(row.code, row.message, placeOfRow(row)));
      } else if (row.kind === 'fault') {
        return writer.refuse([issue('METADATA_INVALID', row.message, placeOfRow(row))]);
      } else return writer.refuse(row.issues);
    }
    await writer.flush();
  }
  return writer.report(warnings);
}

/** A list is read whole: its parser needs the whole text, within the limits of a sidecar. */
async function readList(path: string, format: MetadataFormat, writer: RowWriter): Promise<BatchReadReport> {
  const { records, issues, warnings } = parseMetadata({
    bytes: await readFile(path),
    format,
    isList: true,
    records: writer.policy.mapping.options.records ?? null,
    encoding: encodingOf(writer.policy),
  });
  if (issues.length > 0) return writer.refuse(issues);
  for (const [index, record] of records.entries()) {
    writer.add(index + 1, record);
    await writer.flush();
  }
  return writer.report(warnings);
}

const FLUSH_LENGTH = 256 * 1024;

class RowWriter {
  readonly policy: Policy;
  readonly #sink: RowSink;
  #block = '';
  #rows = 0;
  #badRows = 0;

  constructor(policy: Policy, sink: RowSink) {
    this.policy = policy;
    this.#sink = sink;
  }

  add(line: number, record: RawRecord): void {
    this.#rows += 1;
    const { fields, nestedPaths, at } = record;
    this.#write(line, stemNamedBy(record, this.policy), JSON.stringify(fields), nestedPaths, at, []);
  }

  addBad(line: number, reason: Issue): void {
    this.#rows += 1;
    this.#badRows += 1;
    this.#write(line, null, null, [], `line ${line}`, [reason]);
  }

  async flush(): Promise<void> {
    if (this.#block.length < FLUSH_LENGTH) return;
    const block = this.#block;
    this.#block = '';
    await this.#sink.write(block);
  }

  /** Nothing of the file may be used. */
  refuse(issues: readonly Issue[]): BatchReadReport {
    return { rows: this.#rows, badRows: this.#badRows, warnings: [], issues };
  }

  async report(warnings: readonly Issue[]): Promise<BatchReadReport> {
    if (this.#block !== '') await this.#sink.write(this.#block);
    return { rows: this.#rows, badRows: this.#badRows, warnings, issues: [] };
  }

  #write(
    line: number,
    stem: string | null,
    raw: string | null,
    nestedPaths: readonly string[],
    at: string,
    issues: readonly Issue[],
  ): void {
    const cells = [stem, raw, JSON.stringify(nestedPaths), at, JSON.stringify(issues)].map(copyText);
    this.#block += `${this.#rows}\t${line}\t${cells.join('\t')}\n`;
  }
}
