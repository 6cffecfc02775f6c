import { DELETED_COLUMN, type ExportColumn, makeFormulasInert, TRUNCATED_COLUMN } from '@callbay/core';
import type { ExportedCall, ExportReader } from '@callbay/ingestion';

export interface ExportForm {
  readonly format: 'json' | 'csv' | 'ndjson';
  readonly columns: readonly ExportColumn[];
  readonly includesDeleted: boolean;
  readonly keepsFormulas: boolean;
  readonly hasByteOrderMark: boolean;
}

/** So many calls are read at once, or fewer where their fields take more than the bytes. */
const SLICE_CALLS = 1000;
const SLICE_BYTES = 1024 * 1024;

interface Slice {
  readonly isDeleted: boolean;
  readonly calls: readonly ExportedCall[];
}

/** Consecutive calls that are read, or written, at once. */
function* slicesOf(page: readonly ExportedCall[]): Generator<Slice> {
  let slice: ExportedCall[] = [];
  let bytes = 0;
  for (const call of page) {
    const isFull = slice.length === SLICE_CALLS || bytes + call.bytes > SLICE_BYTES;
    if (slice.length > 0 && (isFull || slice[0]!.isDeleted !== call.isDeleted)) {
      yield { isDeleted: slice[0]!.isDeleted, calls: slice };
      slice = [];
      bytes = 0;
    }
    slice.push(call);
    bytes += call.bytes;
  }
  if (slice.length > 0) yield { isDeleted: slice[0]!.isDeleted, calls: slice };
}

/**
 * The text of a page, slice by slice as fast as it is taken: between two slices nothing is held, no connection either. What
 * fails on the way throws, and must leave a body that cannot be taken for a whole one.
 */
export async function* exportText(
  reader: ExportReader,
  tenantId: string,
  page: readonly ExportedCall[],
  form: ExportForm,
): AsyncGenerator<string> {
  yield* form.format === 'csv'
    ? csvText(reader, tenantId, page, form)
    : jsonText(reader, tenantId, page, form);
}

async function* csvText(
  reader: ExportReader,
  tenantId: string,
  page: readonly ExportedCall[],
  { columns, includesDeleted, keepsFormulas, hasByteOrderMark }: ExportForm,
): AsyncGenerator<string> {
  const names = [...columns.map(({ name }) => name), TRUNCATED_COLUMN];
  if (includesDeleted) names.push(DELETED_COLUMN);
  yield `${hasByteOrderMark ? '\ufeff' : ''}${names.join(',')}\n`;
  for (const { isDeleted, calls } of slicesOf(page)) {
    if (isDeleted) yield calls.map((call) => deletedRow(call, names)).join('');
    else {
      const ids = calls.map(({ callId }) => callId);
      const csv = await reader.readCsv(tenantId, ids, columns, { hasDeletedColumn: includesDeleted });
      yield keepsFormulas ? csv : makeFormulasInert(csv);
    }
  }
}

function deletedRow({ callId, changeSeq }: ExportedCall, names: readonly string[]): string {
  const cells: Readonly<Record<string, string>> = {
    callId: String(callId),
    changeSeq: String(changeSeq),
    [DELETED_COLUMN]: '"true"',
  };
  return `${names.map((name) => cells[name] ?? '').join(',')}\n`;
}

async function* jsonText(
  reader: ExportReader,
  tenantId: string,
  page: readonly ExportedCall[],
  { format, columns }: ExportForm,
): AsyncGenerator<string> {
  const isArray = format === 'json';
  let between = isArray ? '[\n' : '';
  for (const { isDeleted, calls } of slicesOf(page)) {
    const ids = calls.map(({ callId }) => callId);
    const lines = isDeleted
      ? calls.map(({ callId, changeSeq }) => JSON.stringify({ callId, changeSeq, deleted: true }))
      : await reader.readJson(tenantId, ids, columns);
    if (lines.length === 0) continue;
    yield between + lines.join(isArray ? ',\n' : '\n') + (isArray ? '' : '\n');
    if (isArray) between = ',\n';
  }
  if (isArray) yield between === '[\n' ? '[]\n' : '\n]\n';
}
