import type { Reconciliation, ReconciliationCounts } from '@callbay/contracts';
import { addDays, dayOf, rangeOfDay } from '@callbay/core';
import type { ReconciliationStore } from '@callbay/ingestion';
import type { Database } from '../database/database.ts';
import { listTenants } from '../tenants/list-tenants.ts';
import { countRows, nameRowsLeftOver } from './reconcile-rows.ts';

interface TenantDays {
  readonly timeZone: string;
  readonly createdAt: Date;
  /** Days of the last weeks that are stored, and those of them with files left over. */
  readonly stored: string[];
  readonly open: string[];
}

interface Example {
  readonly fileId: string;
  readonly name: string;
  readonly code: string | null;
  readonly receivedAt: Date;
  readonly rows?: number;
}

type Class = Exclude<keyof ReconciliationCounts, 'received' | 'byCode' | 'rows'>;

const HOUR_MS = 60 * 60 * 1000;
const DAYS = 7;
const MAX_NAMED = 100;

/**
 * Every file is in exactly one class. A file that says SURFACED while its call is not visible is left over; where the
 * call is gone altogether its data retention has ended, which is not a gap.
 */
const CLASSED = `
  SELECT f.id, f.name, f.outcome_code, f.received_at,
         CASE WHEN f.state = 'received' AND f.received_at > $4::timestamptz - interval '1 hour' THEN 'pending'
              WHEN f.outcome_code IS NULL AND f.state <> 'withdrawn' THEN 'unaccounted'
              WHEN f.state = 'done' AND f.outcome_code = 'SURFACED' AND c.status IN ('empty', 'held', 'ready')
                THEN 'unaccounted'
              WHEN f.state = 'done' AND f.outcome_code = 'SURFACED' THEN 'surfaced'
              WHEN f.state = 'done' THEN 'otherDone'
              WHEN f.state IN ('held', 'rejected', 'withdrawn') THEN f.state
              ELSE 'unaccounted' END AS class
    FROM files f LEFT JOIN calls c ON c.tenant_id = f.tenant_id AND c.call_key = f.call_key
   WHERE f.tenant_id = $1 AND f.received_at >= $2 AND f.received_at < $3`;

const COUNT = `
  SELECT class, coalesce(outcome_code, 'NONE') AS code, count(*) AS count FROM (${CLASSED}) f
   GROUP BY class, code ORDER BY class, code`;

const NAME_LEFT_OVER = `
  SELECT id AS "fileId", name, outcome_code AS code, received_at AS "receivedAt" FROM (${CLASSED}) f
   WHERE class = 'unaccounted' ORDER BY received_at, id LIMIT ${MAX_NAMED}`;

const TENANT_DAYS = `
  SELECT coalesce(t.time_zone, 'UTC') AS "timeZone", t.created_at AS "createdAt",
         coalesce(array_agg(r.day::text) FILTER (WHERE r.day IS NOT NULL), '{}') AS stored,
         coalesce(array_agg(r.day::text) FILTER (WHERE r.unaccounted > 0), '{}') AS open
    FROM tenants t
    LEFT JOIN daily_reconciliations r ON r.tenant_id = t.id AND r.day > ($2::timestamptz - interval '31 days')::date
   WHERE t.id = $1 GROUP BY t.id, t.time_zone, t.created_at`;

export function createReconciliationStore(db: Database): ReconciliationStore {
  return {
    listTenants: (after, limit) => listTenants(db, after, limit),

    async findUnreconciled(tenantId) {
      const now = await readNow(db);
      const [days] = await db.query<TenantDays>(TENANT_DAYS, [tenantId, now]);
      return days === undefined ? null : { missing: missingDays(days, now.getTime()), leftOver: days.open };
    },

    reconcile: (tenantId, day) => reconcile(db, tenantId, day),

    async saveReconciliation(tenantId, { day, timeZone, counts, unaccountedFiles }) {
      await db.execute(
        `INSERT INTO daily_reconciliations
                (tenant_id, day, time_zone, counts, unaccounted, examples, stored_at, checked_at)
         VALUES ($1, $2, $3, $4, $5, $6, callbay_now(), callbay_now())
             ON CONFLICT (tenant_id, day) DO UPDATE
            SET unaccounted = excluded.unaccounted, examples = excluded.examples, checked_at = excluded.checked_at`,
        [
          tenantId,
          day,
          timeZone,
          JSON.stringify(counts),
          counts.unaccounted + (counts.rows?.unaccounted ?? 0),
          JSON.stringify(unaccountedFiles.slice(0, 10)),
        ],
      );
    },
  };
}

async function readNow(db: Database): Promise<Date> {
  const [row] = await db.query<{ now: Date }>('SELECT callbay_now() AS now');
  if (row === undefined) throw new Error('the database returned no time');
  return row.now;
}

/** Days that ended over an hour ago and since the tenant was made, and that are not stored. */
function missingDays({ timeZone, createdAt, stored }: TenantDays, nowMs: number): string[] {
  const today = dayOf(nowMs - HOUR_MS, timeZone);
  const first = dayOf(createdAt.getTime(), timeZone);
  const ended = Array.from({ length: DAYS }, (_, index) => addDays(today, index - DAYS));
  return ended.filter((day) => day >= first && !stored.includes(day));
}

async function reconcile(
  db: Database,
  tenantId: string,
  day: string | undefined,
): Promise<Reconciliation | null> {
  const [tenant] = await db.query<{ timeZone: string }>(
    `SELECT coalesce(time_zone, 'UTC') AS "timeZone" FROM tenants WHERE id = $1`,
    [tenantId],
  );
  if (tenant === undefined) return null;
  const { timeZone } = tenant;
  const now = await readNow(db);
  const asked = day ?? addDays(dayOf(now.getTime(), timeZone), -1);
  const { fromMs, untilMs } = rangeOfDay(asked, timeZone);
  const range = [tenantId, new Date(fromMs), new Date(untilMs), now] as const;
  const rows = await db.query<{ class: Class; code: string; count: number }>(COUNT, range);
  const ofRows = await countRows(db, range);
  const counts = { ...countsOf(rows), ...(ofRows === null ? {} : { rows: ofRows }) };
  const left = counts.unaccounted === 0 ? [] : await db.query<Example>(NAME_LEFT_OVER, range);
  if (ofRows !== null && ofRows.unaccounted > 0) left.push(...(await nameRowsLeftOver(db, range)));
  return {
    day: asked,
    timeZone,
    counts,
    from: new Date(fromMs).toISOString(),
    until: new Date(untilMs).toISOString(),
    isBalanced: counts.unaccounted + (ofRows?.unaccounted ?? 0) === 0,
    unaccountedFiles: left
      .slice(0, MAX_NAMED)
      .map((each) => ({ ...each, receivedAt: each.receivedAt.toISOString() })),
    atClose: await findStored(db, tenantId, asked),
  };
}

function countsOf(rows: readonly { class: Class; code: string; count: number }[]): ReconciliationCounts {
  const sum = (ofClass?: Class): number =>
    rows
      .filter((row) => ofClass === undefined || row.class === ofClass)
      .reduce((all, row) => all + row.count, 0);
  const byCode = new Map<string, number>();
  for (const { code, count } of rows) byCode.set(code, (byCode.get(code) ?? 0) + count);
  return {
    received: sum(),
    surfaced: sum('surfaced'),
    otherDone: sum('otherDone'),
    held: sum('held'),
    rejected: sum('rejected'),
    withdrawn: sum('withdrawn'),
    pending: sum('pending'),
    unaccounted: sum('unaccounted'),
    byCode: Object.fromEntries([...byCode].sort()),
  };
}

async function findStored(db: Database, tenantId: string, day: string): Promise<Reconciliation['atClose']> {
  const [row] = await db.query<{ storedAt: Date; counts: ReconciliationCounts }>(
    'SELECT stored_at AS "storedAt", counts FROM daily_reconciliations WHERE tenant_id = $1 AND day = $2',
    [tenantId, day],
  );
  return row === undefined ? null : { storedAt: row.storedAt.toISOString(), counts: row.counts };
}
