import { readEvent, type StoredEvent, type TenantEvent } from '@callbay/core';
import type { EventPage } from '@callbay/ingestion';
import type { Sql } from '../database/database.ts';

const nextAfter = (seq: string): string =>
  `SELECT seq, payload::text AS payload FROM outbox WHERE tenant_id = $1 AND seq > ${seq} ORDER BY seq LIMIT 1`;

/**
 * One step for each event, so that the walk ends at the limit of bytes and never reads the payloads beyond. The first
 * event is read whatever its size. Releases before `outbox.call_id` stored no number of the call.
 */
const PAGE = `
WITH RECURSIVE page AS (
  SELECT seq, payload, octet_length(payload)::bigint AS bytes, 1 AS nth FROM (${nextAfter('$2')}) first
  UNION ALL
  SELECT next.seq, next.payload, page.bytes + octet_length(next.payload), page.nth + 1
    FROM page, LATERAL (${nextAfter('page.seq')}) next
   WHERE page.nth < $3 AND page.bytes + octet_length(next.payload) <= $4
)
SELECT o.event_id AS "eventId", o.seq AS sequence, o.tenant_id AS "tenantId", o.type, o.created_at AS at,
       o.call_key AS "callKey", o.revision, page.payload,
       coalesce(o.call_id, (SELECT c.call_id FROM calls c WHERE c.tenant_id = $1 AND c.call_key = o.call_key),
                (o.payload ->> 'callId')::bigint) AS "callId"
  FROM page JOIN outbox o ON o.tenant_id = $1 AND o.seq = page.seq ORDER BY o.seq`;

type Row = Omit<StoredEvent, 'at' | 'payload'> & { readonly at: Date; readonly payload: string };

/** The events of a tenant after a sequence, in order. */
export async function readEvents(
  sql: Sql,
  tenantId: string,
  after: number,
  { limit, bytes }: EventPage,
): Promise<TenantEvent[]> {
  const rows = await sql.query<Row>(PAGE, [tenantId, after, limit, bytes], 'read_events');
  return rows.map((row) =>
    readEvent({ ...row, at: row.at.toISOString(), payload: JSON.parse(row.payload) as unknown }),
  );
}
