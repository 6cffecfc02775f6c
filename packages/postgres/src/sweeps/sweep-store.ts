import { DROP_RETENTION_MS, outcomeOf } from '@callbay/core';
import type { PurgedFile, PurgePreviewItem, SweepStore } from '@callbay/ingestion';
import { keyOfStem } from '../calls/load-facts.ts';
import { lockCalls } from '../calls/lock-calls.ts';
import { type Database, type Sql, transact } from '../database/database.ts';
import { createSweepLocks } from './sweep-locks.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const OUTBOX_KEPT = '30 days';

interface ExpiredRow {
  readonly tenant_id: string;
  readonly id: string;
  readonly stem: string;
  readonly call_key: string | null;
}

export function createSweepStore(db: Database): SweepStore {
  return {
    async purgeFiles(limit) {
      const expired = await db.query<ExpiredRow>(
        `select tenant_id, id, stem, call_key from files
          where purged_at is null and drop <> 'external'
            and received_at <= callbay_now() - $1 * interval '1 millisecond'
            and (classified_at is not null or blob_key is null
                 or received_at <= callbay_now() - $2 * interval '1 millisecond')
          order by received_at limit $3`,
        [DROP_RETENTION_MS, DROP_RETENTION_MS + DAY_MS, limit],
      );
      const purged: PurgedFile[] = [];
      for (const row of expired) purged.push(...(await transact(db, (tx) => purgeOne(tx, row))));
      return purged;
    },

    async warnOfPurges(limit) {
      const rows = await db.query<{ id: string }>(
        `with soon as (
           select tenant_id, id from files
            where purged_at is null and drop <> 'external' and state = 'held' and outcome_code not in ('READY', 'CRM_PENDING') and purge_warned_at is null
              and received_at <= callbay_now() - $1 * interval '1 millisecond'
            order by received_at limit $2 for update skip locked
         ), warned as (
           update files f set purge_warned_at = callbay_now() from soon
            where f.tenant_id = soon.tenant_id and f.id = soon.id
           returning f.tenant_id, f.id, f.outcome_code, f.received_at
         )
         insert into file_steps (tenant_id, file_id, at, step, code, message, detail, dedupe)
         select tenant_id, id, callbay_now(), 'purge-warning', outcome_code,
                'The file will be purged within a day unless its other half comes.',
                jsonb_build_object('purgeAt', received_at + interval '7 days'), 'purge-warning'
           from warned on conflict do nothing returning file_id as id`,
        [DROP_RETENTION_MS - DAY_MS, limit],
      );
      return rows.length;
    },

    async previewPurge(tenantId, { until, limit, after }) {
      const rows = await db.query<{
        id: string;
        name: string;
        state: string;
        outcome_code: string | null;
        received_at: Date;
        kept: boolean;
      }>(
        `select f.id, f.name, f.state, f.outcome_code, f.received_at,
                exists (select 1 from calls c where c.tenant_id = f.tenant_id and c.media_blob_key = f.blob_key) as kept
           from files f
          where f.tenant_id = $1 and f.purged_at is null and f.drop <> 'external'
            and f.received_at <= $2::timestamptz - $3 * interval '1 millisecond'
            and ($4::timestamptz is null
                 or (f.received_at, f.id) > ($4::timestamptz - $3 * interval '1 millisecond', $5::uuid))
          order by f.received_at, f.id limit $6`,
        [tenantId, until, DROP_RETENTION_MS, after?.purgeAt ?? null, after?.fileId ?? null, limit],
      );
      return rows.map(
        (row): PurgePreviewItem => ({
          fileId: row.id,
          name: row.name,
          state: row.state,
          code: row.outcome_code,
          receivedAt: row.received_at,
          purgeAt: new Date(row.received_at.getTime() + DROP_RETENTION_MS),
          keptByCall: row.kept,
        }),
      );
    },

    async findOrphans(keys) {
      const rows = await db.query<{ key: string }>(
        `select key from unnest($1::text[]) as key
          where not exists (select 1 from files where blob_key = key and purged_at is null)
            and not exists (select 1 from calls where media_blob_key = key)`,
        [keys],
      );
      return rows.map((row) => row.key);
    },

    trimOutbox: (limit) =>
      db.execute(
        `delete from outbox where (tenant_id, seq) in
           (select tenant_id, seq from outbox where created_at < callbay_now() - interval '${OUTBOX_KEPT}' limit $1)`,
        [limit],
      ),

    async readClock() {
      const [row] = await db.query<{ now: Date }>('select clock_timestamp() as now');
      return row!.now;
    },

    runExclusively: createSweepLocks(db.pool),
  };
}

/**
 * Purges one file under the lock of its call key, so that it cannot be surfacing meanwhile. A file that took part in
 * nothing ends here; its call is decided again without it.
 */
async function purgeOne(tx: Sql, row: ExpiredRow): Promise<PurgedFile[]> {
  const keys = [...new Set([keyOfStem(row.stem), row.call_key ?? keyOfStem(row.stem)])];
  await lockCalls(tx, row.tenant_id, keys);
  const [file] = await tx.query<{
    state: string;
    outcome_code: string | null;
    blob_key: string | null;
    call_key: string | null;
  }>(
    'select state, outcome_code, blob_key, call_key from files where tenant_id = $1 and id = $2 and purged_at is null for update',
    [row.tenant_id, row.id],
  );
  // It joined another call since it was listed: the next sweep locks that one.
  if (!file || file.call_key !== row.call_key) return [];
  const isUnpaired =
    (file.state === 'held' && file.outcome_code !== 'READY' && file.outcome_code !== 'CRM_PENDING') ||
    file.state === 'received';
  const { code, message, fix } = outcomeOf('PURGED_UNPAIRED');
  if (isUnpaired) {
    await tx.execute(
      `update files set purged_at = callbay_now(), state = 'rejected', outcome_code = $3, outcome_message = $4,
              outcome_fix = $5, outcome_at = callbay_now(), folder = 'rejected'
        where tenant_id = $1 and id = $2`,
      [row.tenant_id, row.id, code, message, fix],
    );
    await tx.execute('update calls set due_at = callbay_now() where tenant_id = $1 and call_key = any($2)', [
      row.tenant_id,
      keys,
    ]);
  } else {
    await tx.execute('update files set purged_at = callbay_now() where tenant_id = $1 and id = $2', [
      row.tenant_id,
      row.id,
    ]);
  }
  await tx.execute(
    `insert into file_steps (tenant_id, file_id, at, step, code, message, detail, dedupe)
     values ($1, $2, callbay_now(), 'purged', $3, 'The file left the drop after 7 days.', '{}', 'purged')
         on conflict do nothing`,
    [row.tenant_id, row.id, isUnpaired ? code : null],
  );
  const [kept] = await tx.query<{ kept: boolean }>(
    'select exists (select 1 from calls where tenant_id = $1 and media_blob_key = $2) as kept',
    [row.tenant_id, file.blob_key],
  );
  return [{ tenantId: row.tenant_id, fileId: row.id, blobKey: kept!.kept ? null : file.blob_key }];
}
