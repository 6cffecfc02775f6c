import type { CrmType } from '@callbay/core';
import type { CrmImportCounts } from '@callbay/ingestion';
import type { Sql } from '../database/database.ts';

/** Where COPY puts the rows of one file: seen by this connection alone, gone with the transaction, never in the log. */
export const CREATE_STAGING = `create temp table crm_staging (
    line int not null, external_id text collate "C" not null, fields text not null, refs text
  ) on commit drop;
  create temp table crm_delta (
    line int not null, external_id text collate "C" not null, fields text not null, refs text, is_new boolean not null
  ) on commit drop`;
export const COPY_STAGING = 'copy crm_staging (line, external_id, fields, refs) from stdin';

/** The way of the first file of a type: nothing to compare with, so nothing to stage. */
export const COPY_OBJECTS =
  'copy crm_objects (tenant_id, type, external_id, fields, refs, file_id, updated_at) from stdin';

/** For sorts and hashes over a million rows, which then stay in the server's memory. */
export const BULK_SETTINGS = `set local work_mem = '128MB'; set local jit = off; set local statement_timeout = '3600s'`;

/** Of several rows with one id the last one wins, even where it says what is there already. Source: case 84. */
const DROP_REPEATED = `delete from crm_delta d using crm_staging s
  where s.external_id = d.external_id and s.line > d.line`;

/**
 * A row that says to the letter what the object says changes nothing: most rows of most files end here, unread. Texts
 * are compared by a hash of 64 bits, since the table that joins a million rows would not hold the texts themselves.
 */
const FIND_DELTA = `insert into crm_delta (line, external_id, fields, refs, is_new)
  select s.line, s.external_id, s.fields, s.refs, o.external_id is null
    from crm_staging s
    left join (select external_id, hashtextextended(fields::text, 0) as hash from crm_objects
                where tenant_id = $1 and type = $2 offset 0) o on o.external_id = s.external_id
   where o.external_id is null or o.hash <> hashtextextended(s.fields, 0)`;

/**
 * Another text may still say what the object says already: only what differs is written. An absent column keeps what is
 * there, an empty cell is null. Where the file has every column its own text is kept, to be told again by it.
 * Source: case 86.
 */
const UPDATE_CHANGED = `update crm_objects o
    set fields = m.fields, refs = coalesce(o.refs || m.refs::jsonb, o.refs, m.refs::jsonb), file_id = $3, updated_at = $4
   from (select d.external_id, d.refs, case when v.merged = v.told then d.fields else v.merged::text end::json as fields
           from crm_delta d
           join crm_objects p on p.tenant_id = $1 and p.type = $2 and p.external_id = d.external_id,
                lateral (select p.fields::jsonb as was, d.fields::jsonb as told,
                                p.fields::jsonb || d.fields::jsonb as merged offset 0) v
          where not d.is_new and v.merged <> v.was) m
  where o.tenant_id = $1 and o.type = $2 and o.external_id = m.external_id`;

const INSERT_NEW = `insert into crm_objects (tenant_id, type, external_id, fields, refs, file_id, updated_at)
  select $1, $2, external_id, fields::json, refs::jsonb, $3, $4 from crm_delta where is_new
   order by external_id`;

/** Brings the objects of one type to what the staged rows say. Whoever calls holds the lock of the type. */
export async function mergeObjects(
  tx: Sql,
  tenantId: string,
  type: CrmType,
  { fileId, now, staged, mayRepeatIds }: { fileId: string; now: Date; staged: number; mayRepeatIds: boolean },
): Promise<Pick<CrmImportCounts, 'new' | 'changed' | 'unchanged' | 'repeated'>> {
  const values = [tenantId, type, fileId, now];
  const differing = await tx.execute(FIND_DELTA, [tenantId, type]);
  const repeated = mayRepeatIds && differing > 0 ? await tx.execute(DROP_REPEATED) : 0;
  const changed = await tx.execute(UPDATE_CHANGED, values);
  const added = await tx.execute(INSERT_NEW, values);
  return { new: added, changed, repeated, unchanged: staged - repeated - changed - added };
}
