import { type AlertKind, EVENTS_KEPT_MS } from '@callbay/core';
import { intervalSql, listSql } from '../database/constants.ts';
import type { Database } from '../database/database.ts';

const STALLED: readonly AlertKind[] = ['FEED_STALLED', 'WEBHOOK_DISABLED'];

/**
 * Of `event_cursors c`: the consumer still needs its unread events, however old they are. A consumer that reads just
 * now does, and one whose stall nobody has been alerted to.
 */
const NEEDS_UNREAD = `(c.leased_until > callbay_now() OR NOT EXISTS (
    SELECT FROM alerts a WHERE a.tenant_id = c.tenant_id AND a.kind IN (${listSql(STALLED)}) AND a.subject = c.consumer
                           AND a.is_open))`;

/**
 * Removes old events. The cursors that these pass are locked, so that none of them is claimed or moves meanwhile; each
 * counts what it missed and loses its expired lease, whose holder may have read what is gone.
 */
const TRIM = `
WITH old AS MATERIALIZED (
  SELECT o.tenant_id, o.seq FROM outbox o
   WHERE o.created_at < (SELECT callbay_now()) - ${intervalSql(EVENTS_KEPT_MS)}
     AND ($2::text[] IS NULL OR o.tenant_id = ANY($2))
     AND NOT EXISTS (SELECT FROM event_cursors c WHERE c.tenant_id = o.tenant_id AND c.seq < o.seq AND ${NEEDS_UNREAD})
   ORDER BY o.created_at LIMIT $1
), behind AS MATERIALIZED (
  SELECT c.tenant_id, c.consumer, c.seq, ${NEEDS_UNREAD} AS needs_unread FROM event_cursors c
   WHERE EXISTS (SELECT FROM old WHERE old.tenant_id = c.tenant_id AND old.seq > c.seq)
   ORDER BY c.tenant_id, c.consumer FOR UPDATE
), gone AS (
  DELETE FROM outbox o USING old
   WHERE o.tenant_id = old.tenant_id AND o.seq = old.seq
     AND NOT EXISTS (SELECT FROM behind b
                      WHERE b.tenant_id = o.tenant_id AND b.seq < o.seq AND b.needs_unread)
  RETURNING o.tenant_id, o.seq
), passed AS (
  UPDATE event_cursors c SET missed = c.missed + m.count, lease_id = NULL, lease_owner = NULL, leased_until = NULL
    FROM (SELECT b.tenant_id, b.consumer, count(*) AS count FROM behind b
            JOIN gone ON gone.tenant_id = b.tenant_id AND gone.seq > b.seq
           GROUP BY b.tenant_id, b.consumer) m
   WHERE c.tenant_id = m.tenant_id AND c.consumer = m.consumer
)
SELECT count(*) AS count FROM gone`;

/** See `SweepStore.trimEvents`. */
export async function trimEvents(
  db: Database,
  tenantIds: readonly string[] | null,
  limit: number,
): Promise<number> {
  const [row] = await db.query<{ count: number }>(TRIM, [limit, tenantIds]);
  return row?.count ?? 0;
}
