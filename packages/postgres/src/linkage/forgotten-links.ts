import type { Database, Sql } from '../database/database.ts';

/** Waiting records noted in one statement, and statements in one sweep; the next sweep goes on. */
const NOTE_LIMIT = 5_000;
const NOTES_AT_ONCE = 200;

/**
 * Notes records that wait without a recording and that no comparison knows of: they were read before the tenant
 * registered any. `tenantId` null: of all tenants. Answers how many.
 */
export const noteWaitingRecords = (sql: Sql, tenantId: string | null, limit: number): Promise<number> =>
  sql.execute(
    `insert into linkage_records (tenant_id, file_id, row, due_at, ambiguous_matches)
     select r.tenant_id, r.file_id, r.row, callbay_now(), '{}'
       from (select distinct tenant_id from external_recordings where $1::text is null or tenant_id = $1) t
       join files f on f.tenant_id = t.tenant_id
            and (f.folder = 'data' and f.kind = 'sidecar' and f.state in ('received', 'held')
                 or f.kind = 'batch' and f.received_at > callbay_now() - interval '7 days')
       join call_records r on r.tenant_id = f.tenant_id and r.file_id = f.id
            and (not r.is_batch_row or r.state in ('received', 'held'))
      where r.named_stem is null and r.raw is not null
        and not exists (select 1 from linkage_records l
                         where l.tenant_id = r.tenant_id and l.file_id = r.file_id and l.row = r.row)
      limit $2 on conflict do nothing`,
    [tenantId, limit],
  );

/** The same for tenants that registered their first only now: what was being read meanwhile was not noted. */
export async function noteForNewTenants(db: Database, limit: number): Promise<void> {
  const tenants = await db.query<{ tenant_id: string }>(
    `select tenant_id from (
       select distinct tenant_id from (
         select tenant_id from external_recordings where due_at <= callbay_now() order by due_at limit $1) newest) due
      where not exists (select 1 from external_recordings older where older.tenant_id = due.tenant_id
                           and older.updated_at < callbay_now() - interval '1 minute')`,
    [limit],
    'new-linkage-tenants',
  );
  for (const { tenant_id } of tenants) {
    for (let turn = 0; turn < NOTES_AT_ONCE; turn += 1) {
      if ((await noteWaitingRecords(db, tenant_id, NOTE_LIMIT)) < NOTE_LIMIT) break;
    }
  }
}

/** The file of a batch is done as soon as it is read: its rows have states of their own. */
const STATE_OF_RECORD = `join lateral (
  select case when r.is_batch_row then r.state else f.state end as state from call_records r
    join files f on f.tenant_id = r.tenant_id and f.id = r.file_id
   where r.tenant_id = l.tenant_id and r.file_id = l.file_id and r.row = l.row) r on true`;

/**
 * Makes due what nothing else does: unnoted records, fields read by an older policy, and ties whose rivals may be gone.
 * What has ended needs no comparison, and its fields are not kept a second time.
 */
export async function findForgotten(db: Database, limit: number): Promise<number> {
  await db.execute(
    `delete from linkage_records where (tenant_id, file_id, row) in (
       select l.tenant_id, l.file_id, l.row from linkage_records l ${STATE_OF_RECORD}
        where state in ('done', 'rejected', 'withdrawn') limit $1)`,
    [limit],
  );
  let found = await noteWaitingRecords(db, null, limit);
  for (const [table, stateOf] of [
    ['linkage_records', STATE_OF_RECORD],
    ['external_recordings', 'join files f on f.tenant_id = l.tenant_id and f.id = l.file_id'],
  ]) {
    found += await db.execute(
      `update ${table} l set due_at = callbay_now(), policy_version = null from (
         select l.ctid as place from ${table} l ${stateOf}
          where state in ('received', 'held') and l.due_at is null
            and (l.ambiguous_matches <> '{}' or l.policy_version is distinct from
                 (select max(version) from tenant_policies p where p.tenant_id = l.tenant_id))
          limit $1) stale
        where l.ctid = stale.place`,
      [limit],
    );
  }
  return found;
}
