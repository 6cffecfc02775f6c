import { readEvent, type StoredEvent, type TenantEvent } from '@callbay/core';
import type { EventPage } from '@callbay/ingestion';
import type { Sql } from '../database/database.ts';

/** Releases before this one stored no number of the call. */
const COLUMNS = `o.tenant_id, o.seq, o.event_id, o.type, o.created_at, o.call_key, o.revision, o.payload,
  octet_length(o.payload::text)::bigint AS bytes,
  coalesce((SELECT c.call_id FROM calls c WHERE c.tenant_id = o.tenant_id AND c.call_key = o.call_key),
           (o.payload ->> 'callId')::bigint) AS call_id`;

/**
 * One step for each event, so that the walk ends at the limit of bytes and never reads the payloads beyond. The first
 * event is read whatever its size.
 */
const PAGE = `
WITH RECURSIVE page AS (
  (SELECT ${COLUMNS}, 1 AS nth FROM outbox o WHERE o.tenant_id = $1 AND o.seq > $2 ORDER BY o.seq LIMIT 1)
  UNION ALL
  SELECT next.tenant_id, next.seq, next.event_id, next.type, next.created_at, next.call_key, next.revision, next.payload,
         page.bytes + next.bytes, next.call_id, page.nth + 1
    FROM page, LATERAL (SELECT ${COLUMNS} FROM outbox o
                         WHERE o.tenant_id = $1 AND o.seq > page.seq ORDER BY o.seq LIMIT 1) next
   WHERE page.nth < $3 AND page.bytes + next.bytes <= $4
)
SELECT event_id AS "eventId", seq AS sequence, tenant_id AS "tenantId", type, created_at AS at, call_key AS "callKey",
       call_id AS "callId", revision, payload
  FROM page ORDER BY seq`;

type Row = Omit<StoredEvent, 'at'> & { readonly at: Date };

/** The events of a tenant after a sequence, in order. */
export async function readEvents(
  sql: Sql,
  tenantId: string,
  after: number,
  { limit, bytes }: EventPage,
): Promise<TenantEvent[]> {
  const rows = await sql.query<Row>(PAGE, [tenantId, after, limit, bytes], 'read_events');
  return rows.map((row) => readEvent({ ...row, at: row.at.toISOString() }));
}
