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
    `select r.row, r.line, r.state, r.outcome_code as code, r.outcome_message as message,
            c.call_key as "callKey", c.call_id as "callId"
       from call_records r
       left join calls c on c.tenant_id = r.tenant_id and c.call_key = 'stem:' || coalesce(r.named_stem, r.stem)
      where r.tenant_id = $1 and r.file_id = $2 and r.row > $3 and r.is_batch_row
        and ($4::text is null or r.state = $4) and ($5::text is null or r.outcome_code = $5)
      order by r.row limit $6`,
    [tenantId, fileId, afterRow, state ?? null, code ?? null, limit],
  );
}

/** How many rows of a batch stand how: by code, `RECEIVED` where none has been decided. */
export async function countBatchRows(
  sql: Sql,
  tenantId: string,
  fileId: string,
): Promise<Record<string, number>> {
  const rows = await sql.query<{ code: string; count: number }>(
    `select coalesce(outcome_code, 'RECEIVED') as code, count(*) as count from call_records
      where tenant_id = $1 and file_id = $2 and is_batch_row group by 1 order by 1`,
    [tenantId, fileId],
  );
  return Object.fromEntries(rows.map(({ code, count }) => [code, count]));
}
