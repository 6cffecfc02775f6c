import { DELETED_COLUMN, makeFormulasInert, TRUNCATED_COLUMN } from '@callbay/core';
import type { ExportedCall, ExportReader } from '@callbay/ingestion';
import type { ExportForm, Form, Slice } from './form.ts';
import { parquetForm } from './parquet-form.ts';

/** So many calls are read at once, or fewer where their fields take more than the bytes. */
const SLICE_CALLS = 1000;
const SLICE_BYTES = 1024 * 1024;

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
 * The bytes of a page, slice by slice. While one is sent, the next is read ahead, so that the database works while a client
 * takes; of more than these two nothing is held, and of no connection. What fails on the way throws, and must leave a body
 * that cannot be taken for a whole one.
 */
export function exportBytes(
  reader: ExportReader,
  tenantId: string,
  page: readonly ExportedCall[],
  form: ExportForm,
): AsyncGenerator<Buffer> {
  if (form.format === 'csv') return bytesOf(page, csvForm(reader, tenantId, form));
  if (form.format === 'parquet') return bytesOf(page, parquetForm(reader, tenantId, form));
  return bytesOf(page, jsonForm(reader, tenantId, form));
}

async function* bytesOf<T>(page: readonly ExportedCall[], form: Form<T>): AsyncGenerator<Buffer> {
  yield form.head();
  for await (const part of readAhead(slicesOf(page), form.read)) yield await form.write(part);
  yield await form.tail();
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

const NOTHING = Buffer.alloc(0);

function csvForm(reader: ExportReader, tenantId: string, form: ExportForm): Form<Buffer> {
  const { columns, includesDeleted, keepsFormulas, hasByteOrderMark } = form;
  const names = [...columns.map(({ name }) => name), TRUNCATED_COLUMN];
  if (includesDeleted) names.push(DELETED_COLUMN);
  return {
    head: () => Buffer.from(`${hasByteOrderMark ? '\ufeff' : ''}${names.join(',')}\n`),
    read: async ({ isDeleted, calls }) => {
      if (isDeleted) return Buffer.from(calls.map((call) => deletedRow(call, names)).join(''));
      const ids = calls.map(({ callId }) => callId);
      const csv = await reader.readCsv(tenantId, ids, columns, { hasDeletedColumn: includesDeleted });
      return keepsFormulas ? csv : withoutFormulas(csv);
    },
    write: (part) => part,
    tail: () => NOTHING,
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

function jsonForm(reader: ExportReader, tenantId: string, { format, columns }: ExportForm): Form<Buffer> {
  const isArray = format === 'json';
  let between = NOTHING;
  return {
    head: () => (isArray ? Buffer.from('[') : NOTHING),
    read: async ({ isDeleted, calls }) => {
      const ids = calls.map(({ callId }) => callId);
      const lines = isDeleted
        ? Buffer.from(calls.map((call) => `${JSON.stringify(tombstoneOf(call))}\n`).join(''))
        : await reader.readJson(tenantId, ids, columns);
      return isArray ? asMembers(lines) : lines;
    },
    write: (part) => {
      if (!isArray || part.length === 0) return part;
      const bytes = Buffer.concat([between, part]);
      between = Buffer.from(',\n');
      return bytes;
    },
    tail: () => (isArray ? Buffer.from(']\n') : NOTHING),
  };
}

const tombstoneOf = ({ callId, changeSeq }: ExportedCall) => ({ callId, changeSeq, deleted: true });

/** Lines as members of an array, without the last line's end. */
const asMembers = (lines: Buffer): Buffer =>
  Buffer.from(lines.toString('latin1', 0, Math.max(0, lines.length - 1)).replaceAll('\n', ',\n'), 'latin1');
