import type { CrmType } from '@callbay/core';
import type { CrmImportCounts } from '@callbay/ingestion';
import type { Sql } from '../database.ts';

/** Where COPY puts the rows of one file: seen by this connection alone, gone with the transaction, never in the log. */
export const CREATE_STAGING = `create temp table crm_staging (
  line int not null, external_id text collate "C" not null, fields text not null, refs text[]) on commit drop`;
export const COPY_STAGING = 'copy crm_staging (line, external_id, fields, refs) from stdin';

/** For sorts and hashes over a million rows, which then stay in the server's memory. */
export const BULK_SETTINGS = `set local work_mem = '128MB'; set local statement_timeout = '3600s'`;

/** Of several rows with one id the last one wins. Source: case 84. */
const DROP_REPEATED = `delete from crm_staging s using
  (select external_id, max(line) as line from crm_staging group by external_id having count(*) > 1) last
  where s.external_id = last.external_id and s.line < last.line`;

/**
 * A text that was the last to be applied changes nothing. Another may still say what the object says already: only what
 * differs is written. An absent column keeps what is there, an empty cell is null. Source: case 86.
 */
const UPDATE_CHANGED = `update crm_objects o
    set fields = o.fields || s.fields::jsonb, hash = hashtextextended(s.fields, 0), file_id = $3, updated_at = $4
   from crm_staging s
  where o.tenant_id = $1 and o.type = $2 and o.external_id = s.external_id
    and o.hash <> hashtextextended(s.fields, 0) and o.fields || s.fields::jsonb <> o.fields`;

const INSERT_NEW = `insert into crm_objects (tenant_id, type, external_id, fields, hash, file_id, updated_at)
  select $1, $2, s.external_id, s.fields::jsonb, hashtextextended(s.fields, 0), $3, $4 from crm_staging s`;
const NOT_THERE = ` where not exists (
  select from crm_objects o where o.tenant_id = $1 and o.type = $2 and o.external_id = s.external_id)`;

/** Brings the objects of one type to what the staged rows say. Whoever calls holds the lock of the type. */
export async function mergeObjects(
  tx: Sql,
  tenantId: string,
  type: CrmType,
  { fileId, now, staged }: { fileId: string; now: Date; staged: number },
): Promise<Pick<CrmImportCounts, 'new' | 'changed' | 'unchanged' | 'repeated'>> {
  const values = [tenantId, type, fileId, now];
  await tx.execute('analyze crm_staging');
  const repeated = await tx.execute(DROP_REPEATED);
  const known = await tx.query('select from crm_objects where tenant_id = $1 and type = $2 limit 1', [
    tenantId,
    type,
  ]);
  const isFirst = known.length === 0;
  const changed = isFirst ? 0 : await tx.execute(UPDATE_CHANGED, values);
  const added = await tx.execute(isFirst ? INSERT_NEW : INSERT_NEW + NOT_THERE, values);
  return { new: added, changed, repeated, unchanged: staged - repeated - changed - added };
}

const STAGED_REFERENCES = `select s.external_id, f.field, f.to_type, s.refs[f.nth] as to_id
  from crm_staging s, unnest($3::text[], $4::text[]) with ordinality as f(field, to_type, nth)`;

/** Brings the references of the staged objects up to date, for the columns that the file has. */
export async function mergeReferences(
  tx: Sql,
  tenantId: string,
  type: CrmType,
  references: readonly { field: string; type: CrmType }[],
): Promise<void> {
  if (references.length === 0) return;
  const values = [tenantId, type, references.map(({ field }) => field), references.map((to) => to.type)];
  await tx.execute(
    `with staged as (${STAGED_REFERENCES})
     delete from crm_references r using staged s
      where r.tenant_id = $1 and r.from_type = $2 and r.from_id = s.external_id and r.field = s.field and s.to_id is null`,
    values,
  );
  await tx.execute(
    `with staged as (${STAGED_REFERENCES})
     update crm_references r set to_id = s.to_id from staged s
      where r.tenant_id = $1 and r.from_type = $2 and r.from_id = s.external_id and r.field = s.field
        and r.to_id <> s.to_id`,
    values,
  );
  await tx.execute(
    `with staged as (${STAGED_REFERENCES})
     insert into crm_references (tenant_id, from_type, from_id, field, to_type, to_id)
     select $1, $2, s.external_id, s.field, s.to_type, s.to_id from staged s
      where s.to_id is not null and not exists (
        select from crm_references r where r.tenant_id = $1 and r.from_type = $2 and r.from_id = s.external_id
           and r.field = s.field)`,
    values,
  );
}
