import type { Sql } from '../database/database.ts';
import { removeMentions } from './remove-mentions.ts';
import { removeRecords } from './remove-records.ts';

/** Files that hold one call's metadata or media; a batch holds many, and has its own 7 days. */
const OWN_KINDS = ['recording', 'sidecar', 'unknown'];

interface FactRow {
  readonly file_id: string;
}

interface BlobRow {
  readonly blob_key: string | null;
}

/**
 * Removes all that is known of the calls, whose keys are locked: their rows and revisions, their records with earlier
 * versions, copies and matches, the files that hold nothing else (with their stories), their events, their names in alerts.
 * A file that came just now and that nobody has read stays, to be told what became of it. Answers the bytes that nothing
 * refers to any more.
 */
export async function removeFacts(tx: Sql, tenantId: string, callKeys: readonly string[]): Promise<string[]> {
  const stems = callKeys.filter((key) => key.startsWith('stem:')).map((key) => key.slice('stem:'.length));
  const made = await tx.query<FactRow & BlobRow & { row: number | null }>(
    `select f.file_id, f.row, c.media_blob_key as blob_key
       from calls c, lateral (values (c.recording_file_id, null::int), (c.record_file_id, c.record_row)) f(file_id, row)
      where c.tenant_id = $1 and c.call_key = any($2)`,
    [tenantId, callKeys],
  );
  const revised = await tx.query<FactRow>(
    'select distinct file_id from call_revisions where tenant_id = $1 and call_key = any($2)',
    [tenantId, callKeys],
  );
  const records = await removeRecords(tx, tenantId, stems, made);
  const fileIds = [...made, ...revised, ...records].map(({ file_id }) => file_id);
  const files = await tx.query<BlobRow & { id: string }>(
    `delete from files f
      where f.tenant_id = $1 and (f.stem = any($2) or f.id = any($3))
        and (f.kind is null or f.kind = any($4))
        and (f.classified_at is not null or f.state <> 'received' or f.purged_at is not null)
        and not exists (select from call_records r where r.tenant_id = f.tenant_id and r.file_id = f.id)
     returning f.id, f.blob_key`,
    [tenantId, stems, [...new Set(fileIds.filter((id) => id !== null))], OWN_KINDS],
  );
  await tx.execute('delete from outbox where tenant_id = $1 and call_key = any($2)', [tenantId, callKeys]);
  await tx.execute('delete from calls where tenant_id = $1 and call_key = any($2)', [tenantId, callKeys]);
  await removeMentions(
    tx,
    tenantId,
    files.map(({ id }) => id),
  );
  return findUnused(tx, tenantId, [...made, ...files]);
}

async function findUnused(tx: Sql, tenantId: string, rows: readonly BlobRow[]): Promise<string[]> {
  const keys = new Set(rows.flatMap(({ blob_key }) => blob_key ?? []));
  if (keys.size === 0) return [];
  const unused = await tx.query<{ key: string }>(
    `select key from unnest($2::text[]) as key
      where not exists (select from files where tenant_id = $1 and blob_key = key and purged_at is null)
        and not exists (select from calls where tenant_id = $1 and media_blob_key = key)`,
    [tenantId, [...keys]],
  );
  return unused.map(({ key }) => key);
}
