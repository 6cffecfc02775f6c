import { issue } from '@callbay/core';
import type { Sql } from '../database/database.ts';
import { namesOneOf, RECORD_BYTES } from './load-facts.ts';

/** The most bytes of records that one call is decided from: they are held in memory together. */
export const CALL_RECORDS_BYTES = 32 * 1024 * 1024;

const OVER_LIMIT = issue(
  'ROW_TOO_LARGE',
  'The records of this call hold more than 32 MiB together: this one was not kept.',
);

/**
 * Takes the contents of those open records of a call that are over its limit in the order in which they came, so that each
 * ends as ROW_TOO_LARGE. A record that was judged stays as it is. The call must be locked. Doing it twice changes nothing.
 */
export async function dropRecordsOverLimit(
  tx: Sql,
  tenantId: string,
  stems: readonly string[],
): Promise<void> {
  await tx.execute(
    `WITH sized AS (
       SELECT r.file_id, r.row, CASE WHEN r.is_batch_row THEN r.judged_policy ELSE f.judged_policy END IS NULL AS is_open,
              sum(r.bytes) OVER (ORDER BY coalesce(r.placed_seq, f.replay_seq, f.receive_seq), f.receive_seq, r.row) AS bytes
         FROM (SELECT file_id, row, is_batch_row, judged_policy, placed_seq, ${RECORD_BYTES} AS bytes FROM call_records
                WHERE tenant_id = $1 AND (stem = ANY($2) OR ${namesOneOf('$2')}) AND raw IS NOT NULL) r
         JOIN files f ON f.tenant_id = $1 AND f.id = r.file_id
     )
     UPDATE call_records r SET raw = NULL, issues = $4 FROM sized s
      WHERE r.tenant_id = $1 AND r.file_id = s.file_id AND r.row = s.row AND s.is_open AND s.bytes > $3`,
    [tenantId, stems, CALL_RECORDS_BYTES, JSON.stringify([OVER_LIMIT])],
  );
}
