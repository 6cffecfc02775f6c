import { EVENT_LEASE_MS } from '@callbay/core';
import type { EventCursorStore, EventLag, EventLease } from '@callbay/ingestion';
import { intervalSql } from '../database/constants.ts';
import type { Sql } from '../database/database.ts';
import { readEvents } from './read-events.ts';

const LEASE_END = `callbay_now() + ${intervalSql(EVENT_LEASE_MS)}`;

/** The newest event's sequence, from the counter: the events themselves may have been removed. */
const NEWEST = `SELECT value FROM tenant_counters WHERE tenant_id = $1 AND name = 'change'`;

const START = `
  INSERT INTO event_cursors (tenant_id, consumer, seq, served_at)
  SELECT $1, $2, least($3::bigint, value), callbay_now() FROM (${NEWEST}) newest
      ON CONFLICT (tenant_id, consumer) DO UPDATE SET seq = event_cursors.seq
  RETURNING seq`;

/** Of a cursor: it is free, its time has come, and it has something to read. */
export const isClaimableSql = (
  c: string,
): string => `(${c}.leased_until IS NULL OR ${c}.leased_until <= callbay_now())
       AND (${c}.due_at IS NULL OR ${c}.due_at <= callbay_now())
       AND (${c}.replay_until IS NOT NULL
            OR (SELECT o.seq FROM outbox o WHERE o.tenant_id = ${c}.tenant_id AND o.seq > ${c}.seq ORDER BY o.seq LIMIT 1) IS NOT NULL)`;

/**
 * Each cursor is one look at the events' primary key, so that tenants without unread events cost a look and no write. As
 * EXISTS the look could become a join that reads all events.
 */
const CLAIM = `
  WITH unread AS (
    SELECT c.tenant_id, c.consumer FROM event_cursors c
     WHERE (c.consumer = $1 OR starts_with(c.consumer, $1 || ':')) AND ${isClaimableSql('c')}
     ORDER BY c.served_at LIMIT $2 FOR UPDATE OF c SKIP LOCKED
  )
  UPDATE event_cursors c
     SET lease_id = gen_random_uuid(), lease_owner = $3, leased_until = ${LEASE_END}, served_at = callbay_now()
    FROM unread WHERE c.tenant_id = unread.tenant_id AND c.consumer = unread.consumer
  RETURNING c.tenant_id AS "tenantId", c.consumer, c.lease_id AS "leaseId", c.seq AS sequence,
            c.replay_seq AS "replayAfter", c.replay_until AS "replayUntil"`;

const ADVANCE = `
  UPDATE event_cursors SET seq = $4, leased_until = ${LEASE_END}
   WHERE tenant_id = $1 AND consumer = $2 AND lease_id = $3 AND seq <= $4 AND $4 <= (${NEWEST})`;

const ADVANCE_REPLAY = `
  UPDATE event_cursors SET leased_until = ${LEASE_END},
         replay_seq = CASE WHEN $4 < replay_until THEN $4::bigint END,
         replay_until = CASE WHEN $4 < replay_until THEN replay_until END
   WHERE tenant_id = $1 AND consumer = $2 AND lease_id = $3 AND replay_seq <= $4`;

const RELEASE = `
  UPDATE event_cursors SET lease_id = NULL, lease_owner = NULL, leased_until = NULL,
         due_at = callbay_now() + $4::float8 * interval '1 millisecond'
   WHERE tenant_id = $1 AND consumer = $2 AND lease_id = $3`;

/** Of the tenant's events those of the span that the cursor has passed; beside the span of a replay under way. */
const REPLAY = `
  WITH span AS (
    SELECT c.tenant_id, c.consumer, min(o.seq) - 1 AS after, max(o.seq) AS until, count(o.seq)::int AS events
      FROM event_cursors c
      LEFT JOIN outbox o ON o.tenant_id = c.tenant_id AND o.seq <= c.seq AND o.created_at >= $3
                        AND ($4::timestamptz IS NULL OR o.created_at < $4)
     WHERE c.tenant_id = $1 AND c.consumer = $2
     GROUP BY c.tenant_id, c.consumer
  ), begun AS (
    UPDATE event_cursors c SET replay_seq = least(c.replay_seq, span.after), replay_until = greatest(c.replay_until, span.until)
      FROM span WHERE span.events > 0 AND c.tenant_id = span.tenant_id AND c.consumer = span.consumer
  )
  SELECT events FROM span`;

const MAX_COUNTED = 100_000;

const LAG = `
  SELECT (SELECT count(*)::int FROM (SELECT FROM outbox o WHERE o.tenant_id = $1 AND o.seq > c.seq LIMIT ${MAX_COUNTED}) n) AS events,
         (SELECT o.created_at FROM outbox o WHERE o.tenant_id = $1 AND o.seq > c.seq ORDER BY o.seq LIMIT 1) AS since,
         c.missed, CASE WHEN c.due_at > callbay_now() AND c.due_at < 'infinity' THEN c.due_at END AS "nextAttemptAt",
         c.replay_seq AS "replayAfter", c.replay_until AS "replayUntil"
    FROM event_cursors c WHERE c.tenant_id = $1 AND c.consumer = $2`;

interface ReplayColumns {
  readonly replayAfter: number | null;
  readonly replayUntil: number | null;
}

function withReplay<Row extends ReplayColumns>({ replayAfter, replayUntil, ...row }: Row) {
  const isNone = replayAfter === null || replayUntil === null;
  return { ...row, replay: isNone ? null : { after: replayAfter, until: replayUntil } };
}

export function createEventCursorStore(db: Sql): EventCursorStore {
  return {
    async start(tenantId, consumer, after) {
      const [row] = await db.query<{ seq: number }>(START, [tenantId, consumer, after]);
      return row?.seq ?? null;
    },

    async stop(tenantId, consumer) {
      const values = [tenantId, consumer];
      return (
        (await db.execute('DELETE FROM event_cursors WHERE tenant_id = $1 AND consumer = $2', values)) > 0
      );
    },

    async claim(consumer, limit, owner) {
      const rows = await db.query<Omit<EventLease, 'replay'> & ReplayColumns>(
        CLAIM,
        [consumer, limit, owner],
        'claim_event_cursors',
      );
      return rows.map(withReplay);
    },

    read: (tenantId, after, page) => readEvents(db, tenantId, after, page),

    async advance(tenantId, consumer, leaseId, sequence) {
      if ((await db.execute(ADVANCE, [tenantId, consumer, leaseId, sequence])) === 1) return true;
      const [held] = await db.query<{ seq: number }>(
        'SELECT seq FROM event_cursors WHERE tenant_id = $1 AND consumer = $2 AND lease_id = $3',
        [tenantId, consumer, leaseId],
      );
      if (held === undefined) return false;
      throw new RangeError(`the cursor of ${consumer} cannot move from ${held.seq} to ${sequence}`);
    },

    async advanceReplay(tenantId, consumer, leaseId, sequence) {
      return (await db.execute(ADVANCE_REPLAY, [tenantId, consumer, leaseId, sequence])) === 1;
    },

    async release(tenantId, consumer, leaseId, retryInMs) {
      await db.execute(RELEASE, [tenantId, consumer, leaseId, retryInMs ?? null]);
    },

    async replay(tenantId, consumer, { from, to }) {
      const [row] = await db.query<{ events: number }>(REPLAY, [tenantId, consumer, from, to]);
      return row?.events ?? null;
    },

    async readLag(tenantId, consumer) {
      const [row] = await db.query<Omit<EventLag, 'replay'> & ReplayColumns>(LAG, [tenantId, consumer]);
      return row === undefined ? null : withReplay(row);
    },
  };
}
