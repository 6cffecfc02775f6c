import type { BatchRow, RowsOfPage } from '@callbay/contracts';
import type { Sql } from '../database/database.ts';
import { type PageQuery, queryPage, type Sized, selectOf } from '../database/page.ts';

export interface BatchRowPage {
  readonly limit: number;
  readonly afterRow: number;
  readonly state?: string | undefined;
  readonly code?: string | undefined;
}

const LIGHT_COLUMNS = {
  row: 'r.row',
  line: 'r.line',
  state: 'r.state',
  code: 'r.outcome_code',
  callKey: 'c.call_key',
  callId: 'c.call_id',
} as const;
const HEAVY_COLUMNS = { message: 'r.outcome_message' } as const;

const statementOf =
  (tenantId: string, fileId: string, { afterRow, state, code }: BatchRowPage): PageQuery['statement'] =>
  (select, rows) => ({
    text: `SELECT ${select}
       FROM call_records r
       LEFT JOIN calls c ON c.tenant_id = r.tenant_id AND c.call_key = 'stem:' || coalesce(r.named_stem, r.stem)
      WHERE r.tenant_id = $1 AND r.file_id = $2 AND r.row > $3 AND r.is_batch_row
        AND ($4::text IS NULL OR r.state = $4) AND ($5::text IS NULL OR r.outcome_code = $5)
      ORDER BY r.row LIMIT ${rows}`,
    values: [tenantId, fileId, afterRow, state ?? null, code ?? null],
  });

/** Rows of a batch in the order of the file, each with its place to go on after: exactly as many as there are up to `limit`. */
export async function listBatchRows(
  sql: Sql,
  tenantId: string,
  fileId: string,
  page: BatchRowPage,
): Promise<BatchRow[]> {
  const statement = statementOf(tenantId, fileId, page);
  const { text, values } = statement(selectOf({ ...LIGHT_COLUMNS, ...HEAVY_COLUMNS }), page.limit);
  return sql.query(text, values);
}

/** The same as a page, which ends where it is full by bytes, too. */
export const pageOfBatchRows = (
  sql: Sql,
  tenantId: string,
  fileId: string,
  page: BatchRowPage,
): Promise<RowsOfPage<BatchRow & Sized>> =>
  queryPage<BatchRow>(sql, {
    light: LIGHT_COLUMNS,
    heavy: HEAVY_COLUMNS,
    limit: page.limit,
    omitsLarge: false,
    statement: statementOf(tenantId, fileId, page),
  });

/** Counts of the rows of a batch by code, `RECEIVED` where none has been decided. */
export async function countBatchRows(
  sql: Sql,
  tenantId: string,
  fileId: string,
): Promise<Record<string, number>> {
  const rows = await sql.query<{ code: string; count: number }>(
    `SELECT coalesce(outcome_code, 'RECEIVED') AS code, count(*) AS count FROM call_records
      WHERE tenant_id = $1 AND file_id = $2 AND is_batch_row GROUP BY 1 ORDER BY 1`,
    [tenantId, fileId],
  );
  return Object.fromEntries(rows.map(({ code, count }) => [code, count]));
}
