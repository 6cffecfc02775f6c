import { type DataRetentionPreview, type DeletedCall, toPage } from '@callbay/contracts';
import { type DataRetention, wantsConfirmation } from '@callbay/core';
import type { Deletion, RetentionReader, RetentionStore } from '@callbay/ingestion';
import { type Database, transact } from '../database/database.ts';
import { deleteExpired, deleteLate } from './delete-calls.ts';
import { countExpired, findExpired } from './expired-calls.ts';
import type { Tombstones } from './tombstones.ts';

const MAX_AT_ONCE = 200;
const RELOCK_LIMIT = 5;
const PREVIEWED = 100;

/** Tenants whose calls end one day, and those with files to come for calls that have ended. */
const LIST_TENANTS = `
  SELECT id FROM tenants t
   WHERE ($1::text IS NULL OR id > $1)
     AND (settings #>> '{dataRetention,evaluatedDays}' IS NOT NULL
          OR settings #>> '{dataRetention,notEvaluatedDays}' IS NOT NULL
          OR EXISTS (SELECT FROM deleted_calls d WHERE d.tenant_id = t.id))
   ORDER BY id LIMIT $2`;

export function createRetentionStore(db: Database, tombstones: Tombstones): RetentionStore {
  /** A key whose facts came to touch others while it was being locked is tried again, then left for the next sweep. */
  const retried = async (attempt: () => Promise<Deletion | null>): Promise<Deletion> => {
    for (let n = 0; n < RELOCK_LIMIT; n += 1) {
      const done = await attempt();
      if (done !== null) return done;
    }
    return { removed: 0, blobKeys: [] };
  };
  return {
    async listTenants(after, limit) {
      const rows = await db.query<{ id: string }>(LIST_TENANTS, [after, limit]);
      return rows.map(({ id }) => id);
    },
    deleteExpired: (tenantId, limit) =>
      retried(() =>
        transact(db, (tx) => deleteExpired(tx, tombstones, tenantId, Math.min(limit, MAX_AT_ONCE))),
      ),
    deleteLate: (tenantId, limit) =>
      retried(() => transact(db, (tx) => deleteLate(tx, tenantId, Math.min(limit, MAX_AT_ONCE)))),
  };
}

export function createRetentionReader(db: Database): RetentionReader {
  return {
    async previewRetention(tenantId, proposed): Promise<DataRetentionPreview | null> {
      const [tenant] = await db.query<{ policy: DataRetention }>(
        `SELECT settings -> 'dataRetention' AS policy FROM tenants WHERE id = $1`,
        [tenantId],
      );
      if (tenant === undefined) return null;
      const policy = { ...tenant.policy, ...proposed };
      const count = await countExpired(db, tenantId, policy);
      const oldest = await findExpired(db, tenantId, policy, PREVIEWED);
      return {
        policy,
        calls: count.calls,
        removed: count.removed,
        removedEvaluated: count.evaluated,
        removedNotEvaluated: count.notEvaluated,
        keptByLegalHold: count.keptByLegalHold,
        oldestStartedAt: oldest[0]?.started_at.toISOString() ?? null,
        callIds: oldest.flatMap(({ call_id }) => call_id ?? []),
        wantsConfirmation: wantsConfirmation(count),
      };
    },

    async listDeleted(tenantId, { limit, cursor }) {
      const rows = await db.query<Omit<DeletedCall, 'deletedAt'> & { readonly deletedAt: Date }>(
        `SELECT call_id AS "callId", deleted_at AS "deletedAt", reason, policy, change_seq AS "changeSeq"
           FROM deleted_calls WHERE tenant_id = $1 AND change_seq > $2 ORDER BY change_seq LIMIT $3`,
        [tenantId, cursor ?? 0, limit + 1],
      );
      const toDeleted = (row: (typeof rows)[number]): DeletedCall => ({
        ...row,
        deletedAt: row.deletedAt.toISOString(),
      });
      return toPage(rows, limit, toDeleted, (row) => row.changeSeq);
    },
  };
}
