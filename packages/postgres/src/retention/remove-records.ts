import type { Sql } from '../database/database.ts';

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

const GONE = 'r.file_id, r.row, r.stem, r.is_batch_row, md5(r.raw::text) as said';

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
    `delete from call_records r
      where r.tenant_id = $1 and ((r.stem = any($2) and r.named_stem is null) or r.named_stem = any($2))
     returning ${GONE}`,
    [tenantId, stems],
  );
  // Apart from those above: no index serves both.
  const gone = await tx.query<GoneRow>(
    `delete from call_records r using unnest($2::uuid[], $3::int[]) as made(file_id, row)
      where r.tenant_id = $1 and r.file_id = made.file_id and r.row = made.row returning ${GONE}`,
    [tenantId, rows.map(({ file_id }) => file_id), rows.map(({ row }) => row)],
  );
  gone.push(...named);
  const earlier = await removeEarlier(tx, tenantId, stems, gone);
  const batch = gone.filter(({ is_batch_row }) => is_batch_row);
  const copies = await removeCopies(tx, tenantId, batch);
  await removeMatches(tx, tenantId, [...batch, ...copies]);
  // A row that names no recording is known by a digest of what it says.
  await tx.execute(
    `delete from calls c using unnest($2::text[]) as row(stem)
      where c.tenant_id = $1 and c.call_key = 'stem:' || row.stem and c.status in ('empty', 'held')
        and not exists (select from call_records r where r.tenant_id = $1 and r.stem = row.stem)`,
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
    `delete from call_records r using files f, files newer
      where newer.tenant_id = $1 and newer.id = any($2::uuid[]) and newer.kind = 'sidecar' and not newer.stem = any($3)
        and f.tenant_id = $1 and f.stem = newer.stem and f.ext = newer.ext and f.kind = 'sidecar'
        and f.receive_seq < newer.receive_seq and f.state in ('done', 'rejected', 'withdrawn')
        and r.tenant_id = $1 and r.file_id = f.id and r.named_stem is null
        and not exists (select from calls c where c.tenant_id = $1 and c.record_file_id = f.id)
        and not exists (select from call_revisions v where v.tenant_id = $1 and v.call_key = 'stem:' || f.stem
                           and v.file_id = f.id)
     returning r.file_id, r.row, r.stem`,
    [tenantId, [...new Set(gone.map(({ file_id }) => file_id))], stems],
  );

/** Rows of the same batch that say the same; they have their outcome and belong to no stem. */
const removeCopies = async (tx: Sql, tenantId: string, gone: readonly GoneRow[]): Promise<RecordRow[]> =>
  gone.length === 0
    ? []
    : tx.query<RecordRow>(
        `delete from call_records r using (select distinct * from unnest($2::uuid[], $3::text[]) as g(file_id, said)) gone
          where r.tenant_id = $1 and r.file_id = gone.file_id and r.is_batch_row and r.outcome_code = 'DUPLICATE'
            and md5(r.raw::text) = gone.said
         returning r.file_id, r.row, r.stem`,
        [tenantId, gone.map(({ file_id }) => file_id), gone.map(({ said }) => said)],
      );

/** A batch outlives its row: what was compared of that, and the step that tells of its link, would too. */
async function removeMatches(tx: Sql, tenantId: string, rows: readonly RecordRow[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.execute(
    `with gone as (
       delete from matches m using unnest($2::uuid[], $3::int[]) as g(file_id, row)
        where m.tenant_id = $1 and m.record_file_id = g.file_id and m.record_row = g.row
       returning m.id, m.record_file_id, m.recording_file_id
     )
     delete from file_steps s using gone, unnest(array[gone.record_file_id, gone.recording_file_id]) as side
      where s.tenant_id = $1 and s.file_id = side and s.dedupe = 'linked ' || gone.id`,
    [tenantId, rows.map(({ file_id }) => file_id), rows.map(({ row }) => row)],
  );
}
