import type { RowCounts } from '@callbay/contracts';
import type { Database } from '../database/database.ts';

/** Tenant, start and end of the day, and now. */
export type DayRange = readonly [tenantId: string, from: Date, until: Date, now: Date];

interface Group {
  readonly class: Exclude<keyof RowCounts, 'received' | 'byCode'>;
  readonly code: string;
  readonly count: number;
}

const MAX_ROWS = 1_000_000;
const MAX_NAMED = 100;

/** A row whose data retention ended is gone, and counts no longer. One that nobody decided after an hour is left over. */
const CLASSED = `
  SELECT f.id, f.name, f.received_at, r.outcome_code,
         CASE WHEN r.outcome_code IS NULL AND f.received_at > $4::timestamptz - interval '1 hour' THEN 'pending'
              WHEN r.outcome_code IS NULL THEN 'unaccounted'
              WHEN r.state = 'done' AND r.outcome_code = 'SURFACED' THEN 'surfaced'
              WHEN r.state = 'done' THEN 'otherDone'
              WHEN r.state IN ('held', 'rejected') THEN r.state
              ELSE 'unaccounted' END AS class
    FROM (SELECT id, name, received_at FROM files
           WHERE tenant_id = $1 AND state = 'done' AND kind = 'batch' AND received_at >= $2 AND received_at < $3
           ORDER BY received_at) f
    JOIN call_records r ON r.tenant_id = $1 AND r.file_id = f.id AND r.is_batch_row
   LIMIT ${MAX_ROWS}`;

const COUNT = `
  SELECT class, coalesce(outcome_code, 'NONE') AS code, count(*) AS count FROM (${CLASSED}) r
   GROUP BY class, code ORDER BY code, class`;

const NAME_LEFT_OVER = `
  SELECT id AS "fileId", name, outcome_code AS code, received_at AS "receivedAt", count(*)::int AS ROWS
    FROM (${CLASSED}) r WHERE class = 'unaccounted'
   GROUP BY id, name, outcome_code, received_at ORDER BY received_at, id LIMIT ${MAX_NAMED}`;

/** Counts of the rows of the day's batches by state; null without any. */
export async function countRows(db: Database, range: DayRange): Promise<RowCounts | null> {
  const groups = await db.query<Group>(COUNT, range);
  if (groups.length === 0) return null;
  const sum = (only?: Group['class']): number =>
    groups.reduce((all, group) => (only === undefined || group.class === only ? all + group.count : all), 0);
  const byCode = new Map<string, number>();
  for (const { code, count } of groups) byCode.set(code, (byCode.get(code) ?? 0) + count);
  return {
    received: sum(),
    surfaced: sum('surfaced'),
    otherDone: sum('otherDone'),
    held: sum('held'),
    rejected: sum('rejected'),
    pending: sum('pending'),
    unaccounted: sum('unaccounted'),
    byCode: Object.fromEntries(byCode),
  };
}

/** Batches with rows that are in no outcome, and how many. */
export const nameRowsLeftOver = (
  db: Database,
  range: DayRange,
): Promise<{ fileId: string; name: string; code: string | null; receivedAt: Date; rows: number }[]> =>
  db.query(NAME_LEFT_OVER, range);
