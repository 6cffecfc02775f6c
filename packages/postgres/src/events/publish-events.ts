import { type EventDraft, ONCE_FOR_A_REVISION, payloadOf } from '@callbay/core';
import { listSql } from '../database/constants.ts';
import { takeCounter } from '../database/counters.ts';
import type { Sql } from '../database/database.ts';

/** SQL that is true for a type which happens to a revision once. */
export const happensOnceSql = (type: string): string => `${type} IN (${listSql([...ONCE_FOR_A_REVISION])})`;

/** An event of a call that is visible, or of none. */
export type EventToPublish = EventDraft & { readonly callId: number | null };

const PUBLISH_EVENTS = `
  INSERT INTO outbox (tenant_id, seq, event_id, call_id, call_key, revision, type, payload, nth, created_at)
  SELECT $1, $3 + e.nth, gen_random_uuid(), e.call_id, e.call_key, e.revision, e.type, e.payload,
         CASE WHEN ${happensOnceSql('e.type')} THEN 0 ELSE $3 + e.nth END, callbay_now()
    FROM jsonb_to_recordset($2::jsonb)
      AS e(nth bigint, call_id bigint, call_key text, revision int, type text, payload jsonb)`;

/**
 * Adds events in their order and returns the sequence of the last one. It takes the tenant's change counter: nothing but the commit
 * may follow, so that sequences are in commit order.
 */
export async function publishEvents(
  tx: Sql,
  tenantId: string,
  events: readonly EventToPublish[],
): Promise<number> {
  const base = await takeCounter(tx, tenantId, 'change', events.length);
  const rows = events.map((event, n) => ({
    nth: n + 1,
    call_id: event.callId,
    call_key: event.callKey,
    revision: event.revision,
    type: event.type,
    payload: payloadOf(event),
  }));
  if (rows.length > 0)
    await tx.execute(PUBLISH_EVENTS, [tenantId, JSON.stringify(rows), base], 'publish-events');
  return base + rows.length;
}
