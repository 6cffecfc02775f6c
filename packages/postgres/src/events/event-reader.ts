import type { EventReader } from '@callbay/ingestion';
import type { Database } from '../database/database.ts';
import { readEvents } from './read-events.ts';

const LAGS = `
  SELECT split_part(c.consumer, ':', 1) AS consumer,
         coalesce(extract(epoch FROM callbay_now() - min(o.created_at)), 0)::float8 AS seconds,
         coalesce(sum(n.value - c.seq) FILTER (WHERE o.created_at IS NOT NULL), 0)::bigint AS events
    FROM event_cursors c
    JOIN tenant_counters n ON n.tenant_id = c.tenant_id AND n.name = 'change'
    LEFT JOIN LATERAL (SELECT created_at FROM outbox WHERE tenant_id = c.tenant_id AND seq > c.seq ORDER BY seq LIMIT 1) o ON TRUE
   GROUP BY 1`;

/**
 * The outbox as a stream. A tenant's `seq` is taken last in each transaction, under the counter's lock, so events
 * appear in its order and reading on from the last one seen misses none.
 */
export function createEventReader(db: Database): EventReader {
  return {
    async lastSequence(tenantId) {
      const [row] = await db.query<{ seq: number }>(
        'SELECT coalesce(max(seq), 0) AS seq FROM outbox WHERE tenant_id = $1',
        [tenantId],
      );
      return row?.seq ?? 0;
    },

    listEvents: (tenantId, after, page) => readEvents(db, tenantId, after, page),
    readLags: () => db.query(LAGS),
  };
}
