import type { EventReader } from '@callbay/ingestion';
import type { Database } from '../database/database.ts';
import { readEvents } from './read-events.ts';

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
  };
}
