import type { Sql } from '../database/database.ts';
import { withoutStepsSql } from '../drop/folded-steps.ts';

interface RecordRow {
  readonly file_id: string;
  readonly row: number;
  readonly stem: string;
}

interface GoneRow extends RecordRow {
  readonly stem: string;
  readonly is_batch_row: boolean;
  readonly said: string | null;
}

const GONE = 'r.file_id, r.row, r.stem, r.is_batch_row, md5(r.raw::text) AS said';

/**
 * Removes the records that are about recordings of these stems and those that calls were `made` of, with all that says the
 * same: earlier versions that named no recording yet, further copies of a batch's row, matches. Answers where they stood.
 */
export async function removeRecords(
  tx: Sql,
  tenantId: string,
  stems: readonly string[],
  made: readonly { readonly file_id: string | null; readonly row: number | null }[],
): Promise<RecordRow[]> {
  const rows = made.filter(({ file_id, row }) => file_id !== null && row !== null);
  const named = await tx.query<GoneRow>(
    `DELETE FROM call_records r
      WHERE r.tenant_id = $1 AND ((r.stem = ANY($2) AND (r.named_stem IS NULL OR r.named_stem = r.stem))
          OR (r.named_stem <> r.stem AND r.named_stem = ANY($2)))
     RETURNING ${GONE}`,
    [tenantId, stems],
  );
  // Apart from those above: no index serves both.
  const gone = await tx.query<GoneRow>(
    `DELETE FROM call_records r USING unnest($2::uuid[], $3::int[]) AS made(file_id, row)
      WHERE r.tenant_id = $1 AND r.file_id = made.file_id AND r.row = made.row RETURNING ${GONE}`,
    [tenantId, rows.map(({ file_id }) => file_id), rows.map(({ row }) => row)],
  );
  gone.push(...named);
  const earlier = await removeEarlier(tx, tenantId, stems, gone);
  const batch = gone.filter(({ is_batch_row }) => is_batch_row);
  const copies = await removeCopies(tx, tenantId, batch);
  await removeMatches(tx, tenantId, [...batch, ...copies]);
  // A row that names no recording is known by a digest of what it says.
  await tx.execute(
    `DELETE FROM calls c USING unnest($2::text[]) AS ROW(stem)
      WHERE c.tenant_id = $1 AND c.call_key = 'stem:' || row.stem AND c.status IN ('empty', 'held')
        AND NOT EXISTS (SELECT FROM call_records r WHERE r.tenant_id = $1 AND r.stem = row.stem)`,
    [tenantId, batch.map(({ stem }) => stem).filter((stem) => stem.startsWith('row/'))],
  );
  return [...gone, ...earlier, ...copies];
}

/**
 * Of a metadata file that came to be about these recordings, the versions before it that named none. One that a call was
 * made of is that call's.
 */
const removeEarlier = (
  tx: Sql,
  tenantId: string,
  stems: readonly string[],
  gone: readonly RecordRow[],
): Promise<RecordRow[]> =>
  tx.query<RecordRow>(
    `DELETE FROM call_records r USING files f, files newer
      WHERE newer.tenant_id = $1 AND newer.id = ANY($2::uuid[]) AND newer.kind = 'sidecar' AND NOT newer.stem = ANY($3)
        AND f.tenant_id = $1 AND f.stem = newer.stem AND f.ext = newer.ext AND f.kind = 'sidecar'
        AND f.receive_seq < newer.receive_seq AND f.state IN ('done', 'rejected', 'withdrawn')
        AND r.tenant_id = $1 AND r.file_id = f.id AND r.named_stem IS NULL
        AND NOT EXISTS (SELECT FROM calls c WHERE c.tenant_id = $1 AND c.record_file_id = f.id)
        AND NOT EXISTS (SELECT FROM call_revisions v WHERE v.tenant_id = $1 AND v.call_key = 'stem:' || f.stem
                           AND v.file_id = f.id)
     RETURNING r.file_id, r.row, r.stem`,
    [tenantId, [...new Set(gone.map(({ file_id }) => file_id))], stems],
  );

/** Rows of the same batch that say the same; they have their outcome and belong to no stem. */
const removeCopies = async (tx: Sql, tenantId: string, gone: readonly GoneRow[]): Promise<RecordRow[]> =>
  gone.length === 0
    ? []
    : tx.query<RecordRow>(
        `DELETE FROM call_records r USING (SELECT DISTINCT * FROM unnest($2::uuid[], $3::text[]) AS g(file_id, said)) gone
          WHERE r.tenant_id = $1 AND r.file_id = gone.file_id AND r.is_batch_row AND r.outcome_code = 'DUPLICATE'
            AND md5(r.raw::text) = gone.said
         RETURNING r.file_id, r.row, r.stem`,
        [tenantId, gone.map(({ file_id }) => file_id), gone.map(({ said }) => said)],
      );

/** A batch outlives its row: without this the compared fields and the step of its link would too. */
async function removeMatches(tx: Sql, tenantId: string, rows: readonly RecordRow[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.execute(
    `WITH gone AS (
       DELETE FROM matches m USING unnest($2::uuid[], $3::int[]) AS g(file_id, row)
        WHERE m.tenant_id = $1 AND m.record_file_id = g.file_id AND m.record_row = g.row
       RETURNING m.id, m.record_file_id, m.recording_file_id
     ), folded AS (
       UPDATE files f SET steps = ${withoutStepsSql('f.steps', 'of_file.dedupes')}
         FROM (SELECT side, array_agg('linked ' || gone.id) AS dedupes
                 FROM gone, unnest(ARRAY[gone.record_file_id, gone.recording_file_id]) AS side GROUP BY side) of_file
        WHERE f.tenant_id = $1 AND f.id = of_file.side AND f.steps IS NOT NULL
     )
     DELETE FROM file_steps s USING gone, unnest(ARRAY[gone.record_file_id, gone.recording_file_id]) AS side
      WHERE s.tenant_id = $1 AND s.file_id = side AND s.dedupe = 'linked ' || gone.id`,
    [tenantId, rows.map(({ file_id }) => file_id), rows.map(({ row }) => row)],
  );
}
