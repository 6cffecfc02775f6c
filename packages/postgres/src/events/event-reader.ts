import type { EventView } from '@callbay/contracts';
import type { EventReader } from '@callbay/ingestion';
import type { Database } from '../database/database.ts';

type Row = Omit<EventView, 'at'> & { readonly at: Date };

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

    async listEvents(tenantId, sequence, limit) {
      const rows = await db.query<Row>(
        `SELECT event_id AS "eventId", seq AS sequence, tenant_id AS "tenantId", type, created_at AS at,
                call_key AS "callKey", revision, payload
           FROM outbox WHERE tenant_id = $1 AND seq > $2 ORDER BY seq LIMIT $3`,
        [tenantId, sequence, limit],
        'list_events',
      );
      return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
    },
  };
}
