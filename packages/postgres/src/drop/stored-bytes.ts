import type { Database } from '../database/database.ts';

/**
 * Of tenant $1: bytes as last counted, and all that came since. What was purged since is still in it, so that it is never
 * too little. Null before the first count.
 */
export const STORED_BYTES = `SELECT s.stored_bytes + c.bytes - s.received_bytes
  FROM tenant_storage s JOIN tenant_counters c ON c.tenant_id = s.tenant_id AND c.name = 'receive'
 WHERE s.tenant_id = $1`;

const READ_ROOM = `SELECT (settings ->> 'storageQuotaBytes')::bigint - coalesce((${STORED_BYTES}), 0) AS room
  FROM tenants WHERE id = $1`;

/** A tenant with a quota is asked about this often while it uploads, one without less often. */
const REMEMBERED_MS = 5_000;
const REMEMBERED_WITHOUT_QUOTA_MS = 60_000;
const MAX_REMEMBERED = 10_000;

interface Room {
  readonly bytes: number | null;
  readonly untilMs: number;
}

/** How much tenants may still store, as this process last read it. Receiving judges by the newest anyway. */
export function createRoomReader(db: Database): (tenantId: string) => Promise<number | null> {
  const remembered = new Map<string, Room>();
  return async (tenantId) => {
    const known = remembered.get(tenantId);
    if (known !== undefined && performance.now() < known.untilMs) return known.bytes;
    const [row] = await db.query<{ room: number | null }>(READ_ROOM, [tenantId], 'read_room');
    const bytes = row?.room ?? null;
    if (remembered.size >= MAX_REMEMBERED) remembered.clear();
    const lifeMs = bytes === null ? REMEMBERED_WITHOUT_QUOTA_MS : REMEMBERED_MS;
    remembered.set(tenantId, { bytes, untilMs: performance.now() + lifeMs });
    return bytes;
  };
}

/** Whether so many bytes more are beyond the tenant's quota just now. */
export async function isBeyondQuota(db: Database, tenantId: string, bytes: number): Promise<boolean> {
  const [row] = await db.query<{ room: number | null }>(READ_ROOM, [tenantId]);
  return row !== undefined && row.room !== null && bytes > row.room;
}
