import { type AlertExample, DROP_RETENTION_MS, type EndedFiles, PURGE_WARNING_AGE_MS } from '@callbay/core';
import { intervalSql } from '../database/constants.ts';
import type { Database } from '../database/database.ts';
import { isOpenSql } from '../database/state-conditions.ts';

/** An example with the time as JSON made in the database writes it. */
export type RawExample = Omit<AlertExample, 'receivedAt'> & { readonly receivedAt: string };

/** Rows of a tenant's batches that wait: over an hour, and of these the ones that the purge ends within a day. */
export interface WaitingRows {
  readonly tenantId: string;
  readonly count: number;
  readonly byCode: Readonly<Record<string, number>>;
  readonly examples: readonly RawExample[];
  readonly purgeCount: number;
  readonly purgeFirst: Date | null;
  readonly purgeExamples: readonly RawExample[];
}

export interface EndedRows extends EndedFiles {
  readonly tenantId: string;
  readonly examples: readonly RawExample[];
}

/**
 * The most open rows of a tenant that one sweep looks at, in the order of the index of open rows: nobody acts otherwise on
 * more, and a sweep stays short. Rows that only wait to go live are among them.
 */
const MAX_OPEN = 50_000;
/** A batch counts by itself from so many rows on, so that one of a million does not outweigh all files of a week. */
const ROWS_OF_BATCH = 1_000;
const MAX_BATCHES = 200;

const EXAMPLE = `file_id AS "fileId", name, code, received_at AS "receivedAt", n AS rows`;
const examplesOf = (where: string, order: string): string =>
  `(SELECT coalesce(jsonb_agg(e), '[]')
      FROM (SELECT ${EXAMPLE} FROM rows r WHERE r.tenant_id = g.tenant_id AND ${where} ORDER BY ${order} LIMIT 10) e)`;

const PURGED_SOON = `received_at <= $2::timestamptz - ${intervalSql(PURGE_WARNING_AGE_MS)}`;

const WAITING = `
  WITH rows AS MATERIALIZED (
    SELECT p.id AS tenant_id, f.id AS file_id, f.name, f.received_at, coalesce(o.code, 'UNREAD') AS code, o.n
      FROM unnest($1::text[]) p(id)
           CROSS JOIN LATERAL (
                    SELECT file_id, outcome_code AS code, count(*)::int AS n
                      FROM (SELECT file_id, outcome_code FROM call_records
                             WHERE tenant_id = p.id AND is_batch_row AND ${isOpenSql('')}
                             ORDER BY file_id, row LIMIT ${MAX_OPEN}) r
                     WHERE outcome_code IS DISTINCT FROM 'READY' GROUP BY file_id, outcome_code) o
      JOIN files f ON f.tenant_id = p.id AND f.id = o.file_id
     WHERE f.received_at < $2::timestamptz - interval '1 hour')
  SELECT g.tenant_id AS "tenantId", g.count, g."purgeCount", g."purgeFirst",
         (SELECT jsonb_object_agg(code, n) FROM
            (SELECT code, sum(n) AS n FROM rows r WHERE r.tenant_id = g.tenant_id GROUP BY code) c) AS "byCode",
         ${examplesOf('TRUE', 'received_at, code')} AS examples,
         ${examplesOf(PURGED_SOON, 'received_at, code')} AS "purgeExamples"
    FROM (SELECT tenant_id, sum(n)::int AS count, coalesce(sum(n) FILTER (WHERE ${PURGED_SOON}), 0)::int AS "purgeCount",
                 min(received_at) FILTER (WHERE ${PURGED_SOON}) + ${intervalSql(DROP_RETENTION_MS)} AS "purgeFirst"
            FROM rows GROUP BY tenant_id) g`;

/** Of the batches received in a span, each by its first rows. */
const ENDED = `
  WITH rows AS MATERIALIZED (
    SELECT p.id AS tenant_id, f.id AS file_id, f.name, f.received_at, r.state, r.code, r.n
      FROM unnest($1::text[]) p(id),
           LATERAL (SELECT id, name, received_at FROM files
                     WHERE tenant_id = p.id AND state = 'done' AND kind = 'batch' AND received_at > $2 AND received_at <= $3
                     ORDER BY received_at DESC LIMIT ${MAX_BATCHES}) f,
           LATERAL (SELECT state, outcome_code AS code, count(*)::int AS n
                      FROM (SELECT state, outcome_code FROM call_records
                             WHERE tenant_id = p.id AND file_id = f.id AND is_batch_row
                             ORDER BY row LIMIT ${ROWS_OF_BATCH}) first
                     WHERE state IN ('done', 'rejected') GROUP BY state, outcome_code) r)
  SELECT g.tenant_id AS "tenantId", g.ended, g.rejected,
         ${examplesOf(`state = 'rejected'`, 'n DESC, received_at, code')} AS examples
    FROM (SELECT tenant_id, sum(n)::int AS ended, coalesce(sum(n) FILTER (WHERE state = 'rejected'), 0)::int AS rejected
            FROM rows GROUP BY tenant_id) g`;

const byTenant = <Row extends { readonly tenantId: string }>(rows: readonly Row[]): Map<string, Row> =>
  new Map(rows.map((row) => [row.tenantId, row]));

/** Tenants without such rows are absent. A complete call's row only waits to go live, and counts for nothing. */
export const readWaitingRows = async (
  db: Database,
  tenantIds: readonly string[],
  now: Date,
): Promise<Map<string, WaitingRows>> => byTenant(await db.query<WaitingRows>(WAITING, [tenantIds, now]));

/** Rows that ended of batches received after one instant, up to another; tenants without any are absent. */
export const readEndedRows = async (
  db: Database,
  tenantIds: readonly string[],
  { after, until }: { readonly after: Date; readonly until: Date },
): Promise<Map<string, EndedRows>> => byTenant(await db.query<EndedRows>(ENDED, [tenantIds, after, until]));
