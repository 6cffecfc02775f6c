import type { RawRecord } from '@callbay/core';
import { createIssueList } from '../issue-list.ts';
import type { MetadataLimits } from '../limits.ts';
import type { Reading } from '../reading.ts';
import { bytesOf, isLongerThan } from '../text/byte-length.ts';
import { createLocator } from '../text/locator.ts';
import { overRecordLimit, quoteKey } from '../text/wording.ts';
import { detectDelimiter } from './detect-delimiter.ts';
import { type CsvHeader, readHeader } from './read-header.ts';
import { type CsvRow, scanCsv } from './scan-csv.ts';

/**
 * A CSV text as records, one per row of data. A row that is ragged (METADATA_INVALID) or over a limit (ROW_TOO_LARGE)
 * is an issue that names its line, and the others go in; a header that cannot be used, a quote that never closes and a
 * file without rows leave no records at all. Lines are the file's own, counting those inside quotes. Source: case 66,
 * 67, 68, 78.
 */
export function readCsv(text: string, limits: MetadataLimits): Reading {
  const issues = createIssueList(limits.issues);
  const warnings = createIssueList(limits.issues);
  const locator = createLocator(text);
  const { delimiter, start } = detectDelimiter(text);
  const records: RawRecord[] = [];
  let header: CsvHeader | null = null;
  let rowCount = 0;
  const end = (kept: readonly RawRecord[]): Reading => ({
    delimiter,
    header: header?.names ?? null,
    records: kept,
    issues,
    warnings,
    rowCount,
  });

  const bounds = { rowLength: limits.rowLength, cells: limits.fieldsPerRecord };
  for (const row of scanCsv(text, start, delimiter, bounds)) {
    if (row.kind === 'fault') {
      issues.add('METADATA_INVALID', row.message, locator.place(row.offset));
      return end([]);
    }
    if (row.isBlank) continue;
    const at = locator.line(row.offset);
    if (header === null) {
      header = readHeader(row, at, limits, issues, warnings);
      if (header === null) return end([]);
      continue;
    }
    rowCount += 1;
    if (rowCount > maxRecords(header, limits)) continue;
    const problem = complainOfRow(row, header, limits);
    if (problem !== null) issues.add(problem.code, problem.message, at);
    else records.push({ fields: fieldsOf(row, header), nestedPaths: [], at });
  }

  if (rowCount === 0) issues.add('METADATA_INVALID', 'The file has no row of data below its header.', null);
  if (header !== null && rowCount > maxRecords(header, limits)) {
    const message = `The file has ${rowCount} rows; only the first ${maxRecords(header, limits)} were read.`;
    issues.add('METADATA_INVALID', message, null);
  }
  return end(records);
}

const maxRecords = (header: CsvHeader, limits: MetadataLimits): number =>
  Math.min(limits.records, Math.max(1, Math.floor(limits.fieldsPerFile / header.names.length)));

function complainOfRow(
  row: CsvRow,
  header: CsvHeader,
  limits: MetadataLimits,
): { code: string; message: string } | null {
  const columns = header.names.length;
  if (row.isTooLarge)
    return {
      code: 'ROW_TOO_LARGE',
      message: `The row is over ${limits.rowLength} characters or ${limits.fieldsPerRecord} values.`,
    };
  const hasStray = row.cells.slice(columns).some((cell) => cell !== '');
  if (row.cells.length < columns || row.cells.length > header.cellCount || hasStray) {
    const message = `Expected ${columns} values, found ${row.cells.length}: put quotes around a value that holds the delimiter.`;
    return { code: 'METADATA_INVALID', message };
  }
  const long = row.cells.findIndex((cell) => isLongerThan(cell, limits.valueBytes));
  if (long !== -1) {
    const message = `The value of ${quoteKey(header.names[long] ?? '')} is over ${limits.valueBytes} bytes.`;
    return { code: 'ROW_TOO_LARGE', message };
  }
  const isOver = bytesOf(header.names) + bytesOf(row.cells) > limits.recordBytes;
  return isOver ? { code: 'ROW_TOO_LARGE', message: overRecordLimit(limits) } : null;
}

const fieldsOf = (row: CsvRow, header: CsvHeader): Record<string, string> =>
  Object.fromEntries(header.names.map((name, index) => [name, row.cells[index] ?? '']));
