import type { RawRecord } from '@callbay/core';
import { createIssueList } from '../issue-list.ts';
import type { MetadataLimits } from '../limits.ts';
import type { Reading } from '../reading.ts';
import { CsvStream } from './csv-stream.ts';
import type { CsvHeader } from './read-header.ts';
import { placeOfRow } from './row-stream.ts';

/**
 * A CSV text as records, one per row of data, by the reader that batches and CRM files are read by. A row that does not
 * fit (METADATA_INVALID) or is over a limit (ROW_TOO_LARGE) is an issue that names its line, and the others go in; a
 * header that cannot be used, a quote that never closes and a file without rows leave no records at all. Source: case
 * 66, 67, 68, 78.
 */
export function readCsv(text: string, encoding: string, limits: MetadataLimits): Reading {
  const issues = createIssueList(limits.issues);
  const warnings = createIssueList(limits.issues);
  const stream = new CsvStream(limits, encoding);
  let header: CsvHeader | null = null;
  let records: RawRecord[] = [];
  let most = 0;
  let rowCount = 0;
  let readableCount = 0;
  let strayCount = 0;

  for (const row of stream.push(text, true)) {
    if (row.kind === 'row') {
      rowCount += 1;
      readableCount += 1;
      if (rowCount > most) continue;
      records.push({ fields: fieldsOf(header!.names, row.cells), nestedPaths: [], at: `line ${row.line}` });
    } else if (row.kind === 'bad') {
      rowCount += 1;
      if (row.isStray) strayCount += 1;
      if (rowCount <= most) issues.add(row.code, row.message, placeOfRow(row));
    } else if (row.kind === 'header') {
      header = row.header;
      most = maxRecords(header, limits);
      for (const { code, message, at } of row.warnings) warnings.add(code, message, at);
    } else {
      records = [];
      readableCount = 0;
      if (row.kind === 'fault') issues.add('METADATA_INVALID', row.message, placeOfRow(row));
      else for (const { code, message, at } of row.issues) issues.add(code, message, at);
    }
  }
  if (rowCount === 0 && issues.isEmpty())
    issues.add('METADATA_INVALID', 'The file has no row of data below its header.', null);
  if (rowCount > most && header !== null)
    issues.add('METADATA_INVALID', `The file has ${rowCount} rows; only the first ${most} were read.`, null);
  const { delimiter } = stream;
  return {
    delimiter,
    header: header?.names ?? null,
    records,
    issues,
    warnings,
    rowCount,
    readableCount,
    strayCount,
  };
}

const maxRecords = (header: CsvHeader, limits: MetadataLimits): number =>
  Math.min(limits.records, Math.max(1, Math.floor(limits.fieldsPerFile / header.names.length)));

/** A column may have any name but `__proto__`, which no header has. */
export function fieldsOf(names: readonly string[], cells: readonly string[]): Record<string, string> {
  const fields: Record<string, string> = {};
  for (let index = 0; index < names.length; index += 1) fields[names[index]!] = cells[index]!;
  return fields;
}
