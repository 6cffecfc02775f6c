import { type Named, rowsExample } from '@callbay/core';
import type { Database } from '../database/database.ts';

/** Rows of the newest batches with one code, in a state that wants something done. */
export interface RowGroup extends Named {
  readonly state: 'held' | 'rejected';
  readonly code: string;
}

/** Newest batches of the drop, and rows of each, that are looked at: a set-up shows itself in these. */
const BATCHES = 20;
const ROWS_OF_BATCH = 50_000;
const EXAMPLES = 5;

/** Each example is a batch and how many such rows it has. What only waits to go live is apart. */
const BY_CODE = `
  SELECT state, code, sum(n)::int AS count,
         to_jsonb((array_agg(jsonb_build_object('name', name, 'rows', n)
                             ORDER BY receive_seq DESC))[1:${EXAMPLES}]) AS examples
    FROM (SELECT id, name, receive_seq FROM files
           WHERE tenant_id = $1 AND state = 'done' AND kind = 'batch' AND purged_at IS NULL
           ORDER BY received_at DESC LIMIT ${BATCHES}) f,
         LATERAL (SELECT CASE state WHEN 'received' THEN 'held' ELSE state END AS state,
                         coalesce(outcome_code, 'UNREAD') AS code, count(*)::int AS n
                    FROM (SELECT state, outcome_code FROM call_records
                           WHERE tenant_id = $1 AND file_id = f.id AND is_batch_row
                           ORDER BY row LIMIT ${ROWS_OF_BATCH}) first
                   WHERE state IN ('received', 'held', 'rejected') AND outcome_code IS DISTINCT FROM 'READY'
                   GROUP BY 1, 2) r
   GROUP BY state, code ORDER BY count DESC, code LIMIT 100`;

type Row = Omit<RowGroup, 'examples'> & {
  readonly examples: readonly { readonly name: string; readonly rows: number }[];
};

export async function readRowGroups(db: Database, tenantId: string): Promise<RowGroup[]> {
  const groups = await db.query<Row>(BY_CODE, [tenantId]);
  return groups.map((group) => ({
    ...group,
    examples: group.examples.map(({ name, rows }) => rowsExample(name, rows)),
  }));
}
