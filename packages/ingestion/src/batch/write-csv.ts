import type { FieldValue } from '@callbay/core';
import { toCsvRow } from '@callbay/metadata';

/** Pieces of a CSV out of the rows of a table. */
export async function* writeCsv(rows: AsyncIterable<FieldValue[]>): AsyncGenerator<string> {
  for await (const row of rows) yield toCsvRow(row);
}
