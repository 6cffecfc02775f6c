import type { FieldValue } from '@callbay/core';
import type { Sql } from '../database/database.ts';

/** The rows that a CSV may hold: as many as people open in a spreadsheet. */
const MAX_ROWS = 100_000;
/** A row holds at most 1 MiB, so that a page stays within what a process can hold. */
const PAGE_ROWS = 50;
const MAX_COLUMNS = 2_000;

export interface RowFilter {
  readonly state?: string | undefined;
  readonly code?: string | undefined;
}

interface Row {
  readonly row: number;
  readonly line: number;
  readonly state: string;
  readonly code: string | null;
  readonly message: string | null;
  readonly raw: Readonly<Record<string, string>> | null;
}

const OF_BATCH = `tenant_id = $1 AND file_id = $2 AND is_batch_row
  AND ($3::text IS NULL OR state = $3) AND ($4::text IS NULL OR outcome_code = $4)`;

const COLUMNS = `SELECT DISTINCT key FROM (
    SELECT raw FROM call_records WHERE ${OF_BATCH} AND raw IS NOT NULL ORDER BY row LIMIT ${MAX_ROWS}) r,
    jsonb_object_keys(r.raw) AS key
  ORDER BY key LIMIT ${MAX_COLUMNS}`;

const ROWS = `SELECT row, line, state, outcome_code AS code, outcome_message AS message, raw FROM call_records
  WHERE ${OF_BATCH} AND row > $5 ORDER BY row LIMIT ${PAGE_ROWS}`;

const OUR_COLUMNS = ['line', 'state', 'code', 'message'];

/**
 * A table of the rows of a batch, its headings first: what became of each, then its fields as the file gave them. The first
 * 100,000, in the order of the file; the fields by name.
 */
export async function* readRowTable(
  sql: Sql,
  tenantId: string,
  fileId: string,
  { state, code }: RowFilter,
): AsyncGenerator<FieldValue[]> {
  const filter = [tenantId, fileId, state ?? null, code ?? null];
  const names = (await sql.query<{ key: string }>(COLUMNS, filter)).map(({ key }) => key);
  yield [...OUR_COLUMNS, ...names];
  let after = 0;
  for (let count = 0; count < MAX_ROWS; count += PAGE_ROWS) {
    const rows = await sql.query<Row>(ROWS, [...filter, after]);
    for (const { line, raw, ...row } of rows)
      yield [line, row.state, row.code, row.message, ...names.map((name) => raw?.[name] ?? null)];
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE_ROWS) return;
    after = last.row;
  }
}
