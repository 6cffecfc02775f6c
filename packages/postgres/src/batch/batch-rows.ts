import type { BatchRow } from '@callbay/contracts';
import type { Sql } from '../database/database.ts';

export interface BatchRowPage {
  readonly limit: number;
  readonly afterRow: number;
  readonly state?: string | undefined;
  readonly code?: string | undefined;
}

/** A page of a batch's rows in the order of the file, each with its place to go on after. */
export async function listBatchRows(
  sql: Sql,
  tenantId: string,
  fileId: string,
  { limit, afterRow, state, code }: BatchRowPage,
): Promise<BatchRow[]> {
  return sql.query(
    `SELECT r.row, r.line, r.state, r.outcome_code AS code, r.outcome_message AS message,
            c.call_key AS "callKey", c.call_id AS "callId"
       FROM call_records r
       LEFT JOIN calls c ON c.tenant_id = r.tenant_id AND c.call_key = 'stem:' || coalesce(r.named_stem, r.stem)
      WHERE r.tenant_id = $1 AND r.file_id = $2 AND r.row > $3 AND r.is_batch_row
        AND ($4::text IS NULL OR r.state = $4) AND ($5::text IS NULL OR r.outcome_code = $5)
      ORDER BY r.row LIMIT $6`,
    [tenantId, fileId, afterRow, state ?? null, code ?? null, limit],
  );
}

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
