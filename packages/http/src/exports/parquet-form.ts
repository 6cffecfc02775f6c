import { DELETED_COLUMN, type ExportColumn, INSTANT_SOURCES } from '@callbay/core';
import type { ExportReader } from '@callbay/ingestion';
import { ByteWriter, type ColumnSource, ParquetWriter, schemaFromColumnData } from 'hyparquet-writer';
import type { ExportForm, Form, Slice } from './form.ts';

type Cell = string | bigint | Date | boolean | null;
/** The cells of one column. */
interface Column extends ColumnSource {
  readonly name: string;
  readonly data: Cell[];
}

/** Hands over what it holds and goes on; the positions that the file's end names count from its beginning. */
class TakenWriter extends ByteWriter {
  take(): Buffer {
    const taken = Buffer.from(new Uint8Array(this.buffer, 0, this.index));
    this.index = 0;
    return taken;
  }
}

function columnOf(column: ExportColumn, data: Cell[]): Column {
  const { name, call, isNumber } = column;
  if (isNumber) return { name, data, type: 'INT64' };
  return { name, data, type: call !== null && INSTANT_SOURCES.has(call) ? 'TIMESTAMP' : 'STRING' };
}

function cellOf({ call, isNumber }: ExportColumn, text: string | null): Cell {
  if (text === null) return null;
  if (isNumber) return BigInt(text);
  return call !== null && INSTANT_SOURCES.has(call) ? new Date(text) : text;
}

/**
 * Each slice as a row group, its texts as in the other formats and none cut. Our own numbers are 64 bits wide, our own
 * times are instants. What a file holds is known at its end: its last bytes are what makes it one.
 */
export function parquetForm(
  reader: ExportReader,
  tenantId: string,
  { columns, includesDeleted }: ExportForm,
): Form<readonly Column[]> {
  const columnsOf = (rows: readonly (readonly Cell[])[], isDeleted: boolean): Column[] => [
    ...columns.map((column, n) =>
      columnOf(
        column,
        rows.map((row) => row[n] ?? null),
      ),
    ),
    ...(includesDeleted
      ? [{ name: DELETED_COLUMN, data: rows.map(() => isDeleted), type: 'BOOLEAN' as const }]
      : []),
  ];
  const writer = new TakenWriter();
  const file = new ParquetWriter({
    writer,
    schema: schemaFromColumnData({ columnData: columnsOf([], false) }),
    createdBy: 'Callbay',
  });
  return {
    head: () => Buffer.alloc(0),
    read: async ({ isDeleted, calls }: Slice) => {
      if (isDeleted)
        return columnsOf(
          calls.map((call) => columns.map((column) => tombstoneCell(column, call))),
          true,
        );
      const ids = calls.map(({ callId }) => callId);
      const rows = await reader.readCells(tenantId, ids, columns);
      return columnsOf(
        rows.map((row) => columns.map((column, n) => cellOf(column, row[n] ?? null))),
        false,
      );
    },
    write: async (columnData) => {
      if (columnData[0]?.data.length !== 0) await file.write({ columnData: [...columnData] });
      return writer.take();
    },
    tail: async () => {
      await file.finish();
      return writer.take();
    },
  };
}

function tombstoneCell({ call }: ExportColumn, { callId, changeSeq }: Slice['calls'][number]): Cell {
  if (call === 'callId') return BigInt(callId);
  return call === 'changeSeq' ? BigInt(changeSeq) : null;
}
