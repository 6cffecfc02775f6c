import { type TenantStorage, toPage } from '@callbay/contracts';
import type { OperationsReader } from '@callbay/ingestion';
import type { Database } from '../database/database.ts';

/** Counting stops here: a scrape stays short, and nobody acts otherwise on more. */
const MAX_COUNTED = 100_000;

const OPEN_FILES = `
  SELECT state, count(*)::int AS count
    FROM (SELECT state FROM files WHERE state IN ('received', 'held') AND purged_at IS NULL LIMIT ${MAX_COUNTED}) f
   GROUP BY state`;

const RECENT_FILES = `
  SELECT coalesce(outcome_code, 'UNREAD') AS code, count(*)::int AS count
    FROM (SELECT outcome_code FROM files
           WHERE purged_at IS NULL AND received_at > $1::timestamptz - interval '1 hour' LIMIT ${MAX_COUNTED}) f
   GROUP BY 1`;

/** By the words of the index of unread files. */
const BACKLOG = `
  SELECT extract(epoch FROM $1::timestamptz - min(received_at))::float8 AS seconds FROM files
   WHERE classified_at IS NULL AND blob_key IS NOT NULL AND purged_at IS NULL`;

const STORED = `coalesce(s.stored_bytes + c.bytes - s.received_bytes, 0)`;
const OF_TENANTS = `FROM tenants t LEFT JOIN tenant_storage s ON s.tenant_id = t.id
    LEFT JOIN tenant_counters c ON c.tenant_id = t.id AND c.name = 'receive'`;

const LIST_STORAGE = `
  SELECT t.id AS "tenantId", t.name, ${STORED}::bigint AS "storedBytes",
         (t.settings ->> 'storageQuotaBytes')::bigint AS "quotaBytes"
    ${OF_TENANTS} WHERE $1::text IS NULL OR t.id > $1 ORDER BY t.id LIMIT $2`;

export function createOperationsReader(db: Database): OperationsReader {
  return {
    async readGauges() {
      const [clock] = await db.query<{ now: Date }>('SELECT callbay_now() AS now');
      const now = clock?.now ?? null;
      const [backlog] = await db.query<{ seconds: number | null }>(BACKLOG, [now]);
      const [stored] = await db.query<{ bytes: number }>(
        `SELECT coalesce(sum(${STORED}), 0)::bigint AS bytes ${OF_TENANTS}`,
      );
      return {
        openFiles: await db.query<{ state: string; count: number }>(OPEN_FILES),
        recentFiles: await db.query<{ code: string; count: number }>(RECENT_FILES, [now]),
        backlogAgeSeconds: Math.max(0, backlog?.seconds ?? 0),
        storedBytes: Number(stored?.bytes ?? 0),
      };
    },

    async listStorage({ limit, cursor }) {
      const rows = await db.query<TenantStorage>(LIST_STORAGE, [cursor ?? null, limit + 1]);
      const toStorage = (row: TenantStorage): TenantStorage => ({
        ...row,
        storedBytes: Number(row.storedBytes),
        quotaBytes: row.quotaBytes === null ? null : Number(row.quotaBytes),
      });
      return toPage(rows, limit, toStorage, (row) => row.tenantId);
    },
  };
}
