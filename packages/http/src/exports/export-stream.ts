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
 * The text of a page in UTF-8, slice by slice. While one is sent, the next is read ahead, so that the database works while a
 * client takes; of more than these two nothing is held, and of no connection. What fails on the way throws, and must leave a
 * body that cannot be taken for a whole one.
 */
export async function* exportText(
  reader: ExportReader,
  tenantId: string,
  page: readonly ExportedCall[],
  form: ExportForm,
): AsyncGenerator<Buffer> {
  const { head, partOf, tail } = (form.format === 'csv' ? csvText : jsonText)(reader, tenantId, form);
  if (head !== '') yield Buffer.from(head);
  let isFirst = true;
  for await (const part of readAhead(slicesOf(page), partOf)) {
    if (part.length === 0) continue;
    yield isFirst ? part : Buffer.concat([Buffer.from(between(form)), part]);
    isFirst = false;
  }
  if (tail !== '') yield Buffer.from(tail);
}

/** The results of `read` in order, the next one begun while the last is taken. */
async function* readAhead<T, R>(items: Iterable<T>, read: (item: T) => Promise<R>): AsyncGenerator<R> {
  let next: Promise<R> | null = null;
  for (const item of items) {
    const current = next;
    next = read(item);
    // Whoever takes it is told of its failure; until then it is nobody's.
    next.catch(() => {});
    if (current !== null) yield await current;
  }
  if (next !== null) yield await next;
}

interface TextForm {
  readonly head: string;
  readonly tail: string;
  partOf(slice: Slice): Promise<Buffer>;
}

const between = ({ format }: ExportForm): string => (format === 'json' ? ',\n' : '');

function csvText(reader: ExportReader, tenantId: string, form: ExportForm): TextForm {
  const { columns, includesDeleted, keepsFormulas, hasByteOrderMark } = form;
  const names = [...columns.map(({ name }) => name), TRUNCATED_COLUMN];
  if (includesDeleted) names.push(DELETED_COLUMN);
  return {
    head: `${hasByteOrderMark ? '\ufeff' : ''}${names.join(',')}\n`,
    tail: '',
    partOf: async ({ isDeleted, calls }) => {
      if (isDeleted) return Buffer.from(calls.map((call) => deletedRow(call, names)).join(''));
      const ids = calls.map(({ callId }) => callId);
      const csv = await reader.readCsv(tenantId, ids, columns, { hasDeletedColumn: includesDeleted });
      return keepsFormulas ? csv : withoutFormulas(csv);
    },
  };
}

/** In Latin-1 every byte is a character, and what formulas are known by is ASCII: nothing else of UTF-8 looks like it. */
function withoutFormulas(csv: Buffer): Buffer {
  const text = csv.toString('latin1');
  const inert = makeFormulasInert(text);
  return inert === text ? csv : Buffer.from(inert, 'latin1');
}

function deletedRow({ callId, changeSeq }: ExportedCall, names: readonly string[]): string {
  const cells: Readonly<Record<string, string>> = {
    callId: String(callId),
    changeSeq: String(changeSeq),
    [DELETED_COLUMN]: '"true"',
  };
  return `${names.map((name) => cells[name] ?? '').join(',')}\n`;
}

function jsonText(reader: ExportReader, tenantId: string, { format, columns }: ExportForm): TextForm {
  const isArray = format === 'json';
  return {
    head: isArray ? '[' : '',
    tail: isArray ? ']\n' : '',
    partOf: async ({ isDeleted, calls }) => {
      const lines = isDeleted
        ? Buffer.from(calls.map((call) => `${JSON.stringify(tombstoneOf(call))}\n`).join(''))
        : await reader.readJson(
            tenantId,
            calls.map(({ callId }) => callId),
            columns,
          );
      return isArray ? asMembers(lines) : lines;
    },
  };
}

const tombstoneOf = ({ callId, changeSeq }: ExportedCall) => ({ callId, changeSeq, deleted: true });

/** Lines as members of an array, without the last line's end. */
const asMembers = (lines: Buffer): Buffer =>
  Buffer.from(lines.toString('latin1', 0, Math.max(0, lines.length - 1)).replaceAll('\n', ',\n'), 'latin1');
