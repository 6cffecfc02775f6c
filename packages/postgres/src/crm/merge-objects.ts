import type { CrmType } from '@callbay/core';
import type { CrmImportCounts } from '@callbay/ingestion';
import type { Sql } from '../database/database.ts';

/** Where COPY puts the rows of one file: seen by this connection alone, gone with the transaction, never in the log. */
export const CREATE_STAGING = `CREATE TEMP TABLE crm_staging (
    line int NOT NULL, external_id text COLLATE "C" NOT NULL, fields text NOT NULL, refs text
  ) ON COMMIT DROP;
  CREATE TEMP TABLE crm_delta (
    line int NOT NULL, external_id text COLLATE "C" NOT NULL, fields text NOT NULL, refs text, is_new boolean NOT NULL
  ) ON COMMIT DROP`;
export const COPY_STAGING = 'COPY crm_staging (line, external_id, fields, refs) FROM STDIN';

/** The way of the first file of a type: nothing to compare with, so nothing to stage. */
export const COPY_OBJECTS =
  'COPY crm_objects (tenant_id, type, external_id, fields, refs, file_id, updated_at) FROM STDIN';

/** For sorts and hashes over a million rows, which then stay in the server's memory. */
export const BULK_SETTINGS = `SET LOCAL work_mem = '128MB'; SET LOCAL jit = off; SET LOCAL statement_timeout = '3600s'`;

/** Of several rows with one id the last one wins, even where it says what is there already. Source: case 84. */
const DROP_REPEATED = `DELETE FROM crm_delta d USING crm_staging s
  WHERE s.external_id = d.external_id AND s.line > d.line`;

/**
 * A row that says to the letter what the object says changes nothing: most rows of most files end here, unread. Texts
 * are compared by a hash of 64 bits, since the table that joins a million rows would not hold the texts themselves.
 */
const FIND_DELTA = `INSERT INTO crm_delta (line, external_id, fields, refs, is_new)
  SELECT s.line, s.external_id, s.fields, s.refs, o.external_id IS NULL
    FROM crm_staging s
    LEFT JOIN (SELECT external_id, hashtextextended(fields::text, 0) AS hash FROM crm_objects
                WHERE tenant_id = $1 AND type = $2 OFFSET 0) o ON o.external_id = s.external_id
   WHERE o.external_id IS NULL OR o.hash <> hashtextextended(s.fields, 0)`;

/**
 * Another text may still say what the object says already: only what differs is written. An absent column keeps what is
 * there, an empty cell is null. Where the file has every column its own text is kept, to be told again by it.
 * Source: case 86.
 */
const UPDATE_CHANGED = `UPDATE crm_objects o
    SET fields = m.fields, refs = coalesce(o.refs || m.refs::jsonb, o.refs, m.refs::jsonb), file_id = $3, updated_at = $4
   FROM (SELECT d.external_id, d.refs, CASE WHEN v.merged = v.told THEN d.fields ELSE v.merged::text END::json AS fields
           FROM crm_delta d
           JOIN crm_objects p ON p.tenant_id = $1 AND p.type = $2 AND p.external_id = d.external_id,
                LATERAL (SELECT p.fields::jsonb AS was, d.fields::jsonb AS told,
                                p.fields::jsonb || d.fields::jsonb AS merged OFFSET 0) v
          WHERE NOT d.is_new AND v.merged <> v.was) m
  WHERE o.tenant_id = $1 AND o.type = $2 AND o.external_id = m.external_id`;

const INSERT_NEW = `INSERT INTO crm_objects (tenant_id, type, external_id, fields, refs, file_id, updated_at)
  SELECT $1, $2, external_id, fields::json, refs::jsonb, $3, $4 FROM crm_delta WHERE is_new
   ORDER BY external_id`;

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
