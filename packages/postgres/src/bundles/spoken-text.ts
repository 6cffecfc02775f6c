import type { Sql } from '../database/database.ts';

/** Of `calls c`: the newest transcript that came in a bundle of its stem. */
export const NEWEST_TRANSCRIPT = `
  SELECT t.segments, t.spoken_text FROM files f JOIN file_transcripts t ON t.tenant_id = f.tenant_id AND t.file_id = f.id
   WHERE f.tenant_id = c.tenant_id AND f.stem = substr(c.call_key, 6) AND f.kind = 'transcript'
   ORDER BY f.receive_seq DESC LIMIT 1`;

/** Has the calls found by what their newest transcript says, unless an analysis says more. Their rows are locked. */
export const refreshSpoken = (tx: Sql, tenantId: string, callKeys: readonly string[]): Promise<number> =>
  tx.execute(
    `UPDATE calls c SET spoken_text = coalesce((SELECT spoken_text FROM (${NEWEST_TRANSCRIPT}) newest), '')
      WHERE c.tenant_id = $1 AND c.call_key = ANY($2) AND c.analysis IS NULL`,
    [tenantId, callKeys],
    'refresh-spoken',
  );
