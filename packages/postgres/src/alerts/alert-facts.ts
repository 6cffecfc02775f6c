import {
  type AlertExample,
  type AlertFacts,
  DROP_RETENTION_MS,
  type EndedFiles,
  MAX_ALERT_EXAMPLES,
  type OpenAlert,
  PURGE_WARNING_AGE_MS,
  SHARED_ALERTS,
} from '@callbay/core';
import type { AlertStore, WatchedTenant } from '@callbay/ingestion';
import { intervalSql } from '../database/constants.ts';
import type { Database } from '../database/database.ts';
import { isOpenSql, isSetAsideSql } from '../database/state-conditions.ts';
import {
  type EndedRows,
  type RawExample,
  readEndedRows,
  readWaitingRows,
  type WaitingRows,
} from './batch-row-facts.ts';

interface Row {
  readonly tenantId: string;
  readonly stage: AlertFacts['stage'];
  readonly every: number;
  readonly feedSince: Date;
  readonly heldCount: number;
  readonly heldByCode: Record<string, number>;
  readonly heldExamples: RawExample[];
  readonly setAsideCount: number;
  readonly setAsideByCode: Record<string, number>;
  readonly setAsideExamples: RawExample[];
  readonly purgeCount: number;
  readonly purgeFirst: Date | null;
  readonly purgeExamples: RawExample[];
  readonly deletedAt: Date | null;
  readonly deletedCount: number;
  readonly ended: number;
  readonly rejected: number;
  readonly rejectedExamples: RawExample[];
  readonly storedBytes: number | null;
  readonly quotaBytes: number | null;
  readonly s3Problem: string | null;
  readonly gaps: { day: string; count: number; examples: RawExample[] }[];
  readonly unread: { consumer: string; since: string; missed: number }[];
  readonly disabled: { consumer: string; name: string; at: string; code: string | null }[];
  readonly reduced: AlertFacts['reduced'];
  readonly open: OpenAlert[];
}

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;
/** Counting stops here: nobody acts otherwise on more, and a sweep stays short. */
const MAX_COUNTED = 10_000;

const EXAMPLE = `id AS "fileId", name, outcome_code AS code, received_at AS "receivedAt"`;
/** What waits for somebody to do something; a complete call only waits to go live. */
const WAITING = `tenant_id = p.id AND ${isOpenSql('')} AND outcome_code IS DISTINCT FROM 'READY' AND purged_at IS NULL`;
const SET_ASIDE = `tenant_id = p.id AND ${isSetAsideSql('')}`;
const OLDER_THAN_HOUR = `${WAITING} AND NOT coalesce(${isSetAsideSql('')}, FALSE) AND received_at < $2::timestamptz - interval '1 hour'`;
/** Recordings that rest elsewhere stay there: no purge takes them. */
const OLDER_THAN_6_DAYS = `${WAITING} AND drop <> 'external' AND received_at <= $2::timestamptz - ${intervalSql(PURGE_WARNING_AGE_MS)}`;
const IN_HOUR = `tenant_id = p.id AND received_at > $2::timestamptz - interval '1 hour'`;

/** Calls that the data retention of tenant `p` deletes when its grace ends. */
const EXPIRED_AFTER_GRACE = `SELECT FROM calls
  WHERE tenant_id = p.id AND status IN ('surfaced', 'ready') AND NOT legal_hold
    AND started_at < p.data_retention_from - make_interval(hours => 24 * (p.settings #>> CASE WHEN evaluated
          THEN '{dataRetention,evaluatedDays}' ELSE '{dataRetention,notEvaluatedDays}' END::text[])::int)
  LIMIT ${MAX_COUNTED}`;

const examplesOf = (where: string): string =>
  `(SELECT coalesce(jsonb_agg(e), '[]')
      FROM (SELECT ${EXAMPLE} FROM files WHERE ${where} ORDER BY received_at LIMIT 10) e)`;

/** Not judged from a tenant's facts, so that they are not resolved by them either. */
const SHARED = SHARED_ALERTS.map((kind) => `'${kind}'`).join(', ');

const FACTS = `
  WITH page AS (SELECT id, stage, settings, updated_at, data_retention_from FROM tenants WHERE id = ANY($1))
  SELECT p.id AS "tenantId", p.stage, coalesce((p.settings ->> 'feedExpectedEveryMinutes')::int, 60) AS every,
         coalesce((SELECT received_at FROM files WHERE tenant_id = p.id ORDER BY receive_seq DESC LIMIT 1),
                  p.updated_at) AS "feedSince",
         held.count AS "heldCount", held.by_code AS "heldByCode",
         CASE WHEN held.count = 0 THEN '[]' ELSE ${examplesOf(OLDER_THAN_HOUR)} END AS "heldExamples",
         aside.count AS "setAsideCount", aside.by_code AS "setAsideByCode",
         CASE WHEN aside.count = 0 THEN '[]' ELSE ${examplesOf(SET_ASIDE)} END AS "setAsideExamples",
         purge.count AS "purgeCount", purge.first AS "purgeFirst",
         CASE WHEN purge.count = 0 THEN '[]' ELSE ${examplesOf(OLDER_THAN_6_DAYS)} END AS "purgeExamples",
         CASE WHEN p.data_retention_from > $2 THEN p.data_retention_from END AS "deletedAt",
         CASE WHEN p.data_retention_from > $2 THEN (SELECT count(*)::int FROM (${EXPIRED_AFTER_GRACE}) c) ELSE 0 END AS "deletedCount",
         hour.ended, hour.rejected,
         (p.settings ->> 'storageQuotaBytes')::bigint AS "quotaBytes",
         (SELECT coalesce(d.broken_reason,
                          CASE WHEN d.state = 'failed' THEN 'A step of making it failed: \`GET …/s3-drop\` shows which.' END)
            FROM s3_drops d WHERE d.tenant_id = p.id) AS "s3Problem",
         (SELECT s.stored_bytes + c.bytes - s.received_bytes FROM tenant_storage s
            JOIN tenant_counters c ON c.tenant_id = s.tenant_id AND c.name = 'receive'
           WHERE s.tenant_id = p.id) AS "storedBytes",
         CASE WHEN hour.rejected = 0 THEN '[]'
              ELSE ${examplesOf(`${IN_HOUR} AND state = 'rejected'`)} END AS "rejectedExamples",
         gaps.gaps, consumers.unread, hooks.disabled, feed.reduced, alert.open
    FROM page p,
         LATERAL (SELECT coalesce(sum(n), 0)::int AS count, coalesce(jsonb_object_agg(code, n), '{}') AS by_code
                    FROM (SELECT coalesce(outcome_code, 'UNREAD') AS code, count(*) AS n
                            FROM (SELECT outcome_code FROM files WHERE ${OLDER_THAN_HOUR} LIMIT ${MAX_COUNTED}) f
                           GROUP BY 1) g) held,
         LATERAL (SELECT coalesce(sum(n), 0)::int AS count, coalesce(jsonb_object_agg(code, n), '{}') AS by_code
                    FROM (SELECT outcome_code AS code, count(*) AS n
                            FROM (SELECT outcome_code FROM files WHERE ${SET_ASIDE} LIMIT ${MAX_COUNTED}) f
                           GROUP BY 1) g) aside,
         LATERAL (SELECT count(*)::int AS count, min(received_at) + ${intervalSql(DROP_RETENTION_MS)} AS first
                    FROM (SELECT received_at FROM files WHERE ${OLDER_THAN_6_DAYS}
                           ORDER BY received_at LIMIT ${MAX_COUNTED}) f) purge,
         LATERAL (SELECT count(*)::int AS ended, (count(*) FILTER (WHERE state = 'rejected'))::int AS rejected
                    FROM files WHERE ${IN_HOUR} AND state IN ('done', 'rejected')) hour,
         LATERAL (SELECT coalesce(jsonb_agg(jsonb_build_object('day', day, 'count', unaccounted, 'examples', examples)
                                            ORDER BY day), '[]') AS gaps
                    FROM daily_reconciliations
                   WHERE tenant_id = p.id AND unaccounted > 0
                     AND day > ($2::timestamptz - interval '31 days')::date) gaps,
         LATERAL (SELECT coalesce(jsonb_agg(jsonb_build_object('consumer', c.consumer, 'since', o.created_at,
                                                               'missed', c.missed) ORDER BY c.consumer), '[]') AS unread
                    FROM event_cursors c,
                         LATERAL (SELECT created_at FROM outbox WHERE tenant_id = c.tenant_id AND seq > c.seq
                                   ORDER BY seq LIMIT 1) o
                   WHERE c.tenant_id = p.id
                     AND NOT EXISTS (SELECT FROM webhooks w WHERE w.tenant_id = c.tenant_id AND w.state = 'disabled'
                                        AND c.consumer = 'webhook:' || w.id)) consumers,
         LATERAL (SELECT coalesce(jsonb_agg(jsonb_build_object('consumer', 'webhook:' || w.id, 'at', w.disabled_at,
                           'code', w.last_code, 'name', coalesce(w.label, substring(w.url FROM '^[a-z]+://([^/?#]+)'))) ORDER BY w.id), '[]') AS disabled
                    FROM webhooks w WHERE w.tenant_id = p.id AND w.state = 'disabled') hooks,
         LATERAL (SELECT jsonb_agg(jsonb_build_object('count', f.reduced, 'example', f.reduced_example)) -> 0 AS reduced
                    FROM feeds f WHERE f.tenant_id = p.id AND f.reduced_at > $2::timestamptz - interval '1 day') feed,
         LATERAL (SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'kind', kind, 'subject', subject,
                    'message', message, 'fix', fix, 'count', count, 'examples', examples)), '[]') AS open
                    FROM alerts WHERE tenant_id = p.id AND is_open AND kind NOT IN (${SHARED})) alert
   ORDER BY p.id`;

const WEEK_BEFORE = `
  SELECT count(*)::int AS ended, (count(*) FILTER (WHERE state = 'rejected'))::int AS rejected FROM files
   WHERE tenant_id = $1 AND state IN ('done', 'rejected')
     AND received_at <= $2::timestamptz - interval '1 hour'
     AND received_at > $2::timestamptz - interval '7 days 1 hour'`;

const readNow = async (db: Database): Promise<Date> => {
  const [row] = await db.query<{ now: Date }>('SELECT callbay_now() AS now');
  if (row === undefined) throw new Error('the database returned no time');
  return row.now;
};

/** See `AlertStore.readFacts`. The time is asked first: a clock inside the statement would use no index. */
export const readFacts =
  (db: Database): AlertStore['readFacts'] =>
  async (tenantIds) => {
    const now = await readNow(db);
    const rows = await db.query<Row>(FACTS, [tenantIds, now]);
    const ids = rows.map(({ tenantId }) => tenantId);
    const waiting = await readWaitingRows(db, ids, now);
    const ended = await readEndedRows(db, ids, { after: new Date(now.getTime() - HOUR_MS), until: now });
    return rows.map((row) => toWatched(row, now, waiting.get(row.tenantId), ended.get(row.tenantId)));
  };

export const readWeekBefore =
  (db: Database): AlertStore['readWeekBefore'] =>
  async (tenantId) => {
    const now = await readNow(db);
    const until = new Date(now.getTime() - HOUR_MS);
    const [files] = await db.query<EndedFiles>(WEEK_BEFORE, [tenantId, now]);
    const week = { after: new Date(until.getTime() - 7 * DAY_MS), until };
    const rows = (await readEndedRows(db, [tenantId], week)).get(tenantId);
    return {
      ended: (files?.ended ?? 0) + (rows?.ended ?? 0),
      rejected: (files?.rejected ?? 0) + (rows?.rejected ?? 0),
    };
  };

/** As many as an alert lists, from both where both exist. JSON made in the database formats times differently. */
function toExamples(files: readonly RawExample[], rows: readonly RawExample[] = []): AlertExample[] {
  const ofRows = rows.slice(0, Math.max(MAX_ALERT_EXAMPLES / 2, MAX_ALERT_EXAMPLES - files.length));
  return [...files.slice(0, MAX_ALERT_EXAMPLES - ofRows.length), ...ofRows].map((each) => ({
    ...each,
    receivedAt: new Date(each.receivedAt).toISOString(),
  }));
}

function addCounts(
  a: Readonly<Record<string, number>>,
  b: Readonly<Record<string, number>>,
): Record<string, number> {
  const codes = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return Object.fromEntries(codes.map((code) => [code, (a[code] ?? 0) + (b[code] ?? 0)]));
}

const earliest = (...dates: readonly (Date | null | undefined)[]): string | null =>
  dates
    .flatMap((date) => date?.toISOString() ?? [])
    .sort()
    .at(0) ?? null;

const toWatched = (
  row: Row,
  at: Date,
  waiting: WaitingRows | undefined,
  ended: EndedRows | undefined,
): WatchedTenant => ({
  tenantId: row.tenantId,
  at,
  open: row.open,
  facts: {
    stage: row.stage,
    feedExpectedEveryMinutes: row.every,
    feedSinceMs: row.feedSince.getTime(),
    heldOverHour: {
      count: row.heldCount + (waiting?.count ?? 0),
      rows: waiting?.count ?? 0,
      byCode: addCounts(row.heldByCode, waiting?.byCode ?? {}),
      examples: toExamples(row.heldExamples, waiting?.examples),
    },
    setAside: {
      count: row.setAsideCount,
      byCode: row.setAsideByCode,
      examples: toExamples(row.setAsideExamples),
    },
    purgeSoon: {
      count: row.purgeCount + (waiting?.purgeCount ?? 0),
      rows: waiting?.purgeCount ?? 0,
      firstAt: earliest(row.purgeFirst, waiting?.purgeFirst),
      examples: toExamples(row.purgeExamples, waiting?.purgeExamples),
    },
    deletedSoon: row.deletedAt === null ? null : { at: row.deletedAt.toISOString(), count: row.deletedCount },
    lastHour: {
      count: row.rejected + (ended?.rejected ?? 0),
      ended: row.ended + (ended?.ended ?? 0),
      rejected: row.rejected + (ended?.rejected ?? 0),
      rows: ended?.rejected ?? 0,
      examples: toExamples(row.rejectedExamples, ended?.examples),
    },
    weekBefore: { ended: 0, rejected: 0 },
    storage:
      row.quotaBytes === null || row.storedBytes === null
        ? null
        : { storedBytes: row.storedBytes, quotaBytes: row.quotaBytes },
    s3Problem: row.s3Problem,
    gaps: row.gaps,
    unread: row.unread.map(({ consumer, since, missed }) => ({
      consumer,
      unreadSinceMs: Date.parse(since),
      missed,
    })),
    disabledWebhooks: row.disabled.map(({ at: disabledAt, ...webhook }) => ({
      ...webhook,
      disabledAtMs: Date.parse(disabledAt),
    })),
    reduced: row.reduced,
  },
});
