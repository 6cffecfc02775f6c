import { callDeleted, type DataRetention, DROP_RETENTION_MS } from '@callbay/core';
import type { Deletion } from '@callbay/ingestion';
import { audit } from '../access/audit.ts';
import { keyOfStem, stemOfKey } from '../calls/facts-of-rows.ts';
import { linkedStems } from '../calls/load-facts.ts';
import { lockCalls } from '../calls/lock-calls.ts';
import { intervalSql } from '../database/constants.ts';
import { takeCounter } from '../database/counters.ts';
import type { Sql } from '../database/database.ts';
import { namesSql } from '../database/state-conditions.ts';
import { storedEventOf } from '../events/stored-event.ts';
import { type ExpiredCall, findExpired } from './expired-calls.ts';
import { removeFacts } from './remove-facts.ts';
import type { Tombstones } from './tombstones.ts';

const NOTHING: Deletion = { removed: 0, blobKeys: [] };
const SYSTEM = { name: 'callbay', remoteAddress: null };
const isStemKey = (key: string): boolean => key.startsWith('stem:');

/** Null: the calls came to touch others while they were being locked. */
export async function deleteExpired(
  tx: Sql,
  tombstones: Tombstones,
  tenantId: string,
  limit: number,
): Promise<Deletion | null> {
  const policy = await lockPolicy(tx, tenantId);
  if (policy === null) return NOTHING;
  const listed = (await findExpired(tx, tenantId, policy, limit)).map(({ call_key }) => call_key);
  if (listed.length === 0) return NOTHING;
  const locked = await lockLinked(tx, tenantId, listed);
  if (locked === null) return null;
  // A legal hold or an evaluation may have come before the locks.
  const expired = await findExpired(tx, tenantId, policy, limit, listed);
  const unread = await findUnread(tx, tenantId, listed);
  const calls = expired.filter(({ call_key }) => !unread.has(call_key));
  if (calls.length === 0) return NOTHING;
  const callKeys = calls.map(({ call_key }) => call_key);
  const blobKeys = await removeFacts(tx, tenantId, callKeys);
  await wakeOthers(tx, tenantId, locked);
  await audit(tx, SYSTEM, {
    tenantId,
    action: 'call.delete',
    target: 'dataRetention',
    detail: { calls: calls.length, policy },
  });
  await bury(tx, tombstones, tenantId, policy, calls);
  return { removed: calls.length, blobKeys };
}

/** What came for calls deleted before, once all files of the key have left the drop. */
export async function deleteLate(tx: Sql, tenantId: string, limit: number): Promise<Deletion | null> {
  const rows = await tx.query<{ call_key: string }>(LATE, [tenantId, null, limit]);
  if (rows.length === 0) return NOTHING;
  const listed = rows.map(({ call_key }) => call_key);
  const locked = await lockLinked(tx, tenantId, listed);
  if (locked === null) return null;
  const still = await tx.query<{ call_key: string }>(LATE, [tenantId, listed, limit]);
  if (still.length === 0) return NOTHING;
  const callKeys = still.map(({ call_key }) => call_key);
  const blobKeys = await removeFacts(tx, tenantId, callKeys);
  await wakeOthers(tx, tenantId, locked);
  return { removed: callKeys.length, blobKeys };
}

/** A recording that rests elsewhere never leaves the drop: it is kept for the same time. */
const LATE = `
  SELECT c.call_key FROM calls c
   WHERE c.tenant_id = $1 AND c.status = 'deleted' AND c.due_at IS NULL AND ($2::text[] IS NULL OR c.call_key = ANY($2))
     AND NOT EXISTS (SELECT FROM files f WHERE f.tenant_id = c.tenant_id AND f.purged_at IS NULL
                        AND (f.drop <> 'external' OR f.received_at > callbay_now() - ${intervalSql(DROP_RETENTION_MS)})
                        AND f.stem = substr(c.call_key, ${'stem:'.length + 1}))
     AND NOT EXISTS (SELECT FROM call_records r JOIN files f ON f.tenant_id = r.tenant_id AND f.id = r.file_id
                      WHERE r.tenant_id = c.tenant_id AND ${namesSql('r', `substr(c.call_key, ${'stem:'.length + 1})`)}
                        AND f.purged_at IS NULL)
   ORDER BY c.call_key COLLATE "C" LIMIT $3`;

/**
 * Holds the tenant's settings as decisions do: a shorter or longer policy waits for this transaction. Null while a shorter
 * one is in its grace.
 */
async function lockPolicy(tx: Sql, tenantId: string): Promise<DataRetention | null> {
  const [tenant] = await tx.query<{ policy: DataRetention | null }>(
    `SELECT settings -> 'dataRetention' AS policy FROM tenants
      WHERE id = $1 AND (data_retention_from IS NULL OR data_retention_from <= callbay_now()) FOR SHARE`,
    [tenantId],
  );
  return tenant?.policy ?? null;
}

/** Locks the calls and all that their facts touch, in the order of every decision. Null: more came to touch them. */
async function lockLinked(tx: Sql, tenantId: string, callKeys: readonly string[]): Promise<string[] | null> {
  const stems = callKeys.filter(isStemKey).map(stemOfKey);
  const linked = await linkedStems(tx, tenantId, stems);
  const keys = [...new Set([...callKeys, ...linked.map(keyOfStem)])];
  await lockCalls(tx, tenantId, keys);
  const linkedNow = await linkedStems(tx, tenantId, stems);
  return linkedNow.some((stem) => !linked.includes(stem)) ? null : keys;
}

/** Calls with a file that nobody has read yet: its facts are not known yet. */
async function findUnread(
  tx: Sql,
  tenantId: string,
  callKeys: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await tx.query<{ stem: string }>(
    `SELECT DISTINCT stem FROM files
      WHERE tenant_id = $1 AND stem = ANY($2) AND classified_at IS NULL AND state = 'received'
        AND blob_key IS NOT NULL AND purged_at IS NULL`,
    [tenantId, callKeys.filter(isStemKey).map(stemOfKey)],
  );
  return new Set(rows.map(({ stem }) => keyOfStem(stem)));
}

/**
 * Calls that shared facts with those removed are decided again without them; visible ones have nothing to learn. A key
 * that has no fact left, such as the name of a metadata file that named another, goes as well.
 */
async function wakeOthers(tx: Sql, tenantId: string, callKeys: readonly string[]): Promise<void> {
  await tx.execute(
    `DELETE FROM calls c USING unnest($2::text[], $3::text[]) AS n(call_key, stem)
      WHERE c.tenant_id = $1 AND c.call_key = n.call_key AND c.status IN ('empty', 'held') AND c.call_id IS NULL
        AND NOT EXISTS (SELECT FROM files f WHERE f.tenant_id = $1 AND f.stem = n.stem)
        AND NOT EXISTS (SELECT FROM call_records r WHERE r.tenant_id = $1 AND r.stem = n.stem)
        AND NOT EXISTS (SELECT FROM call_records r WHERE r.tenant_id = $1 AND ${namesSql('r', 'n.stem')})`,
    [tenantId, callKeys.filter(isStemKey), callKeys.filter(isStemKey).map(stemOfKey)],
  );
  await tx.execute(
    `UPDATE calls SET due_at = callbay_now()
      WHERE tenant_id = $1 AND call_key = ANY($2) AND status IN ('empty', 'held')`,
    [tenantId, callKeys],
  );
}

/** Leaves a tombstone for each call, and for each that was visible an event. The counter is taken last. */
async function bury(
  tx: Sql,
  tombstones: Tombstones,
  tenantId: string,
  policy: DataRetention,
  calls: readonly ExpiredCall[],
): Promise<void> {
  const visible = calls.filter(({ call_id }) => call_id !== null).length;
  const base = await takeCounter(tx, tenantId, 'change', visible);
  let seq = base;
  const graves = calls.map(({ call_key, call_id, reason }) => {
    if (call_id !== null) seq += 1;
    const change_seq = call_id === null ? null : seq;
    const event = call_id === null ? null : storedEventOf(callDeleted(call_id));
    return { key_digest: tombstones.digestOf(tenantId, call_key), call_id, reason, change_seq, event };
  });
  await tx.execute(
    `WITH grave AS (
       SELECT * FROM jsonb_to_recordset($2::jsonb)
         AS g(key_digest text, call_id bigint, reason text, change_seq bigint, event jsonb)
     ), event AS (
       INSERT INTO outbox (tenant_id, seq, event_id, call_id, call_key, revision, type, payload, created_at)
       SELECT $1, change_seq, gen_random_uuid(), call_id, event ->> 'call_key', (event ->> 'revision')::int, event ->> 'type',
              event -> 'payload', callbay_now()
         FROM grave WHERE call_id IS NOT NULL
     )
     INSERT INTO deleted_calls (tenant_id, key_digest, call_id, deleted_at, reason, policy, change_seq)
     SELECT $1, key_digest, call_id, callbay_now(), reason, $3::jsonb, change_seq FROM grave`,
    [tenantId, JSON.stringify(graves), JSON.stringify(policy)],
  );
}
