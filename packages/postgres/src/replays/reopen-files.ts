import { MAX_FAILED_READS, STEP_SENTENCES } from '@callbay/core';
import { lockTenant } from '../calls/lock-tenant.ts';
import { textSql } from '../database/constants.ts';
import { takeCounter } from '../database/counters.ts';
import type { Database, Sql } from '../database/database.ts';
import { transact } from '../database/database.ts';
import { isSetAsideSql } from '../database/state-conditions.ts';

/** What a row of `files f` says once it is open again. One that was set aside is read alone, with more memory. */
export const OPEN_AGAIN = `judged_policy = NULL, state = 'received', outcome_code = NULL, outcome_message = NULL,
  outcome_fix = NULL, outcome_at = NULL, folder = 'data', shown_name = f.name, read_again_at = NULL,
  reads_alone = f.reads_alone OR (${isSetAsideSql('f.')}),
  rereads = f.rereads + CASE WHEN ${isSetAsideSql('f.')} THEN 1 ELSE 0 END`;

/** Locks the calls that the files touch, before the files, as everywhere. */
export async function lockCallsOf(tx: Sql, tenantId: string, fileIds: readonly string[]): Promise<string[]> {
  const rows = await tx.query<{ call_key: string }>(
    `SELECT call_key FROM calls WHERE tenant_id = $1 AND call_key IN (
       SELECT 'stem:' || stem FROM files WHERE tenant_id = $1 AND id = ANY ($2)
       UNION SELECT 'stem:' || named_stem FROM call_records WHERE tenant_id = $1 AND file_id = ANY ($2))
      ORDER BY call_key COLLATE "C" FOR UPDATE`,
    [tenantId, fileIds],
  );
  return rows.map((row) => row.call_key);
}

/** Set aside, still wanted, its bytes expected in the store. */
const MAY_BE_READ = `${isSetAsideSql('f.')} AND f.withdrawn_seq IS NULL AND f.blob_key IS NOT NULL`;

const DUE = `
  SELECT DISTINCT ON (f.tenant_id) f.tenant_id, f.id FROM files f
   WHERE ${MAY_BE_READ} AND f.read_again_at <= callbay_now()
     AND NOT EXISTS (SELECT FROM files o WHERE o.tenant_id = f.tenant_id AND o.classified_at IS NULL
                        AND o.blob_key IS NOT NULL AND o.purged_at IS NULL AND o.reads_alone AND o.rereads > 0)
     AND NOT EXISTS (SELECT FROM crm_imports own JOIN crm_imports later
                         ON later.tenant_id = own.tenant_id AND later.type = own.type AND later.place > own.place
                      WHERE own.tenant_id = f.tenant_id AND own.file_id = f.id AND f.kind = 'crm'
                        AND later.state = 'done')
   ORDER BY f.tenant_id, f.read_again_at LIMIT $1`;

/** See `FileStore.reopenSetAside`. */
export async function reopenSetAside(db: Database, limit: number): Promise<string[]> {
  const due = await db.query<{ tenant_id: string; id: string }>(DUE, [limit], 'due-rereads');
  const opened: string[] = [];
  for (const { tenant_id, id } of due) {
    if (await transact(db, (tx) => reopenOne(tx, tenant_id, id))) opened.push(tenant_id);
  }
  return opened;
}

/** One more failure sets the file aside again. */
async function reopenOne(tx: Sql, tenantId: string, fileId: string): Promise<boolean> {
  if ((await lockTenant(tx, tenantId)) === null) return false;
  const callKeys = await lockCallsOf(tx, tenantId, [fileId]);
  const place = (await takeCounter(tx, tenantId, 'receive', 1)) + 1;
  const opened = await tx.query(
    `WITH opened AS (
       UPDATE files f SET replay_seq = $3, classified_at = NULL, classify_attempts = ${MAX_FAILED_READS - 1}, ${OPEN_AGAIN}
        WHERE f.tenant_id = $1 AND f.id = $2 AND ${MAY_BE_READ}
       RETURNING f.id
     )
     INSERT INTO file_steps (tenant_id, file_id, at, step, code, message, detail, dedupe)
     SELECT $1, id, callbay_now(), 'replayed', NULL, ${textSql(STEP_SENTENCES.readAgain)}, '{}', gen_random_uuid()::text FROM opened
     RETURNING 1`,
    [tenantId, fileId, place],
  );
  await tx.execute('UPDATE calls SET due_at = callbay_now() WHERE tenant_id = $1 AND call_key = ANY ($2)', [
    tenantId,
    callKeys,
  ]);
  return opened.length > 0;
}
