import type { CrmType } from '@callbay/core';
import type { CrmImportCounts } from '@callbay/ingestion';
import type { Sql } from '../database/database.ts';

/**
 * Where COPY puts the rows of one file: seen by this connection alone, gone with the transaction, never in the log. The
 * delta holds the rows that differ, each with the place of its object in the table; null where the object is new.
 */
export const CREATE_STAGING = `CREATE TEMP TABLE crm_staging (
    line int NOT NULL, external_id text COLLATE "C" NOT NULL, fields text NOT NULL, refs text
  ) ON COMMIT DROP;
  CREATE TEMP TABLE crm_delta (
    line int NOT NULL, external_id text COLLATE "C" NOT NULL, fields text NOT NULL, refs text, place tid
  ) ON COMMIT DROP`;
export const COPY_STAGING = 'COPY crm_staging (line, external_id, fields, refs) FROM STDIN';

/** The way of the first file of a type: nothing to compare with, so nothing to stage. */
export const COPY_OBJECTS =
  'COPY crm_objects (tenant_id, type, external_id, fields, refs, file_id, updated_at) FROM STDIN';

/**
 * For hashes over a million rows, which then stay in the server's memory. Temporary tables have no statistics, and a
 * merge join would sort a million rows to find a few.
 */
export const BULK_SETTINGS = `SET LOCAL work_mem = '128MB'; SET LOCAL jit = off; SET LOCAL statement_timeout = '3600s';
  SET LOCAL enable_mergejoin = off`;

/** Of several rows with one id the last one wins, even where it says what is there already. Source: case 84. */
const DROP_REPEATED = `DELETE FROM crm_delta d USING crm_staging s
  WHERE s.external_id = d.external_id AND s.line > d.line`;

/**
 * A row that says to the letter what the object says changes nothing: most rows of most files end here, unread. Texts
 * are compared by a hash of 64 bits, since the table that joins a million rows would not hold the texts themselves.
 */
const FIND_DELTA = `INSERT INTO crm_delta (line, external_id, fields, refs, place)
  SELECT s.line, s.external_id, s.fields, s.refs, o.place
    FROM crm_staging s
    LEFT JOIN (SELECT external_id, ctid AS place, hashtextextended(fields::text, 0) AS hash FROM crm_objects
                WHERE tenant_id = $1 AND type = $2 OFFSET 0) o ON o.external_id = s.external_id
   WHERE o.external_id IS NULL OR o.hash <> hashtextextended(s.fields, 0)`;

/**
 * Another text may still say what the object says already: only what differs is written. An absent column keeps what is
 * there, an empty cell is null. Where the file has every column its own text is kept, to be told again by it.
 *
 * Objects are found by their place, without an index. Invariant: nobody but the holder of the type's lock writes objects
 * of the type, so that no object moves between two statements. Source: case 86.
 */
const UPDATE_CHANGED = `UPDATE crm_objects o
    SET fields = m.fields, refs = coalesce(o.refs || m.refs::jsonb, o.refs, m.refs::jsonb), file_id = $3, updated_at = $4
   FROM (SELECT d.place, d.external_id, d.refs, CASE WHEN v.merged = v.told THEN d.fields ELSE v.merged::text END::json AS fields
           FROM crm_delta d
           JOIN crm_objects p
             ON p.tenant_id = $1 AND p.type = $2 AND p.external_id = d.external_id AND p.ctid = d.place,
                LATERAL (SELECT was, told, was || told AS merged
                           FROM (SELECT p.fields::jsonb AS was, d.fields::jsonb AS told OFFSET 0) parsed OFFSET 0) v
          WHERE v.merged <> v.was) m
  WHERE o.tenant_id = $1 AND o.type = $2 AND o.external_id = m.external_id AND o.ctid = m.place`;

/**
 * All ways to the objects but by their place. A planner that takes a step to a page for dear would read the whole table
 * for a tenth of its rows, twice, and without statistics would even read it for each row.
 */
const OTHER_PATHS = [
  'seqscan',
  'indexscan',
  'indexonlyscan',
  'bitmapscan',
  'hashjoin',
  'mergejoin',
  'material',
];
const setOtherPaths = (to: 'off' | 'DEFAULT'): string =>
  OTHER_PATHS.map((path) => `SET LOCAL enable_${path} = ${to}`).join('; ');

const INSERT_NEW = `INSERT INTO crm_objects (tenant_id, type, external_id, fields, refs, file_id, updated_at)
  SELECT $1, $2, external_id, fields::json, refs::jsonb, $3, $4 FROM crm_delta WHERE place IS NULL
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
  await tx.execute(setOtherPaths('off'));
  const changed = await tx.execute(UPDATE_CHANGED, values);
  await tx.execute(setOtherPaths('DEFAULT'));
  const added = await tx.execute(INSERT_NEW, values);
  return { new: added, changed, repeated, unchanged: staged - repeated - changed - added };
}
