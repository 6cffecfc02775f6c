import type { ExportColumn } from '@callbay/core';
import type { ExportedCall } from '@callbay/ingestion';

/** What a client asks its bytes to be. */
export interface ExportForm {
  readonly format: 'json' | 'csv' | 'ndjson' | 'parquet';
  readonly columns: readonly ExportColumn[];
  readonly includesDeleted: boolean;
  readonly keepsFormulas: boolean;
  readonly hasByteOrderMark: boolean;
}

/** Calls of a page that are read at once: all live, or all gone. */
export interface Slice {
  readonly isDeleted: boolean;
  readonly calls: readonly ExportedCall[];
}

/** How a page becomes bytes. `read` may run ahead; the rest is called in order, once what came before is written. */
export interface Form<T> {
  head(): Buffer;
  read(slice: Slice): Promise<T>;
  write(part: T): Buffer | Promise<Buffer>;
  tail(): Buffer | Promise<Buffer>;
}
