import { EVENT_LEASE_MS } from '@callbay/core';
import type { EventCursorStore, EventLease } from '@callbay/ingestion';
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

/**
 * Each cursor is one look at the events' primary key, so that tenants without unread events cost a look and no write. As
 * EXISTS the look could become a join that reads all events.
 */
const CLAIM = `
  WITH unread AS (
    SELECT c.tenant_id FROM event_cursors c
     WHERE c.consumer = $1 AND (c.leased_until IS NULL OR c.leased_until <= callbay_now())
       AND (SELECT o.seq FROM outbox o WHERE o.tenant_id = c.tenant_id AND o.seq > c.seq ORDER BY o.seq LIMIT 1) IS NOT NULL
     ORDER BY c.served_at LIMIT $2 FOR UPDATE OF c SKIP LOCKED
  )
  UPDATE event_cursors c
     SET lease_id = gen_random_uuid(), lease_owner = $3, leased_until = ${LEASE_END}, served_at = callbay_now()
    FROM unread WHERE c.tenant_id = unread.tenant_id AND c.consumer = $1
  RETURNING c.tenant_id AS "tenantId", c.consumer, c.lease_id AS "leaseId", c.seq AS sequence`;

const ADVANCE = `
  UPDATE event_cursors SET seq = $4, leased_until = ${LEASE_END}
   WHERE tenant_id = $1 AND consumer = $2 AND lease_id = $3 AND seq <= $4 AND $4 <= (${NEWEST})`;

const RELEASE = `
  UPDATE event_cursors SET lease_id = NULL, lease_owner = NULL, leased_until = NULL
   WHERE tenant_id = $1 AND consumer = $2 AND lease_id = $3`;

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

    claim: (consumer, limit, owner) =>
      db.query<EventLease>(CLAIM, [consumer, limit, owner], 'claim_event_cursors'),

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

    async release(tenantId, consumer, leaseId) {
      await db.execute(RELEASE, [tenantId, consumer, leaseId]);
    },
  };
}
