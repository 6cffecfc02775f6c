import { type Hold, type HoldListQuery, type List, pageOf } from '@callbay/contracts';
import type { Database } from '../database/database.ts';
import { queryPage, selectOf } from '../database/page.ts';
import { findNearMisses, type Seeker } from './near-misses.ts';

type StoredHold = Omit<Hold, 'callKey' | 'nearMisses'>;

interface Row {
  readonly callKey: string;
  readonly since: Date;
  /** JSON of a `StoredHold`. */
  readonly hold: string;
}

const WAITS = [
  'metadata',
  'recording',
  'correction',
  'crm',
  'goLive',
  'operator',
] as const satisfies readonly Hold['waitingFor'][];

const LIGHT_COLUMNS = { callKey: 'call_key', since: 'held_since' } as const;
const HEAVY_COLUMNS = { hold: 'hold' } as const;

/**
 * The first holds of each of the things that calls wait for, from an index in that order, and of these the first: a page
 * reads six times what it shows, however many calls wait.
 */
export const listHoldsSql = (select: string): string => `
  SELECT ${select} FROM unnest($4::text[]) AS waits(thing), LATERAL (
    SELECT call_key, held_since, hold FROM calls
     WHERE tenant_id = $1 AND status IN ('held', 'ready') AND hold IS NOT NULL AND hold ->> 'waitingFor' = waits.thing
       AND (held_since, call_key) > ($2::timestamptz, $3::text)
     ORDER BY held_since, call_key LIMIT $5) c
   ORDER BY held_since, call_key LIMIT $5`;

export const SELECT_HOLDS = selectOf({ ...LIGHT_COLUMNS, ...HEAVY_COLUMNS });

/** What waits, longest first, each with the waiting files that look like its missing half. */
export async function listHolds(db: Database, tenantId: string, query: HoldListQuery): Promise<List<Hold>> {
  const { limit, cursor, waitingFor } = query;
  const [since, callKey] = cursor ?? ['-infinity', ''];
  const page = await queryPage<Row>(db, {
    light: LIGHT_COLUMNS,
    heavy: HEAVY_COLUMNS,
    limit,
    omitsLarge: false,
    statement: (select, rows) => ({
      text: listHoldsSql(select),
      values: [tenantId, since, callKey, waitingFor === undefined ? WAITS : [waitingFor], rows],
    }),
  });
  const holds = page.rows.map((row) => ({ ...row, hold: JSON.parse(row.hold) as StoredHold }));
  const nearMisses = await findNearMisses(db, tenantId, holds.map(seekerOf));
  const items = holds.map((row, n) => ({ ...row, nearMisses: nearMisses[n] ?? [] }));
  return pageOf(
    { rows: items, hasMore: page.hasMore },
    (row): Hold => ({ ...toHold(row), nearMisses: row.nearMisses }),
    (row) => [row.since.toISOString(), row.callKey],
  );
}

interface ReadRow {
  readonly callKey: string;
  readonly since: Date;
  readonly hold: StoredHold;
}

function seekerOf({ callKey, hold }: ReadRow): Seeker | null {
  const { waitingFor } = hold;
  if (waitingFor !== 'metadata' && waitingFor !== 'recording') return null;
  return { callKey, wantsRecording: waitingFor === 'recording' };
}

const toHold = ({ callKey, since, hold }: ReadRow): Omit<Hold, 'nearMisses'> => ({
  callKey,
  reasons: hold.reasons,
  waitingFor: hold.waitingFor,
  since: since.toISOString(),
  until: hold.until === null ? null : new Date(hold.until).toISOString(),
  fileIds: hold.fileIds,
});
