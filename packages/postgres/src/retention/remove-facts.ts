import { fileEventKey } from '@callbay/core';
import type { Sql } from '../database/database.ts';
import { removeMentions } from './remove-mentions.ts';
import { removeRecords } from './remove-records.ts';

/** Files that hold one call's metadata or media; a batch holds many, and has its own 7 days. */
const OWN_KINDS = ['recording', 'sidecar', 'unknown', 'bundle', 'transcript'];

interface FactRow {
  readonly file_id: string;
}

interface BlobRow {
  readonly blob_key: string | null;
}

/**
 * Removes all that is known of the calls, whose keys are locked: their rows and revisions, their records with earlier
 * versions, copies and matches, the files that hold nothing else (with their stories), their events, their names in alerts.
 * A file that came just now and that nobody has read stays, so that its outcome can still be reported. Answers the bytes that nothing
 * refers to any more.
 */
export async function removeFacts(tx: Sql, tenantId: string, callKeys: readonly string[]): Promise<string[]> {
  const stems = callKeys.filter((key) => key.startsWith('stem:')).map((key) => key.slice('stem:'.length));
  const made = await tx.query<FactRow & BlobRow & { row: number | null }>(
    `SELECT f.file_id, f.row, c.media_blob_key AS blob_key
       FROM calls c, LATERAL (VALUES (c.recording_file_id, NULL::int), (c.record_file_id, c.record_row)) f(file_id, row)
      WHERE c.tenant_id = $1 AND c.call_key = ANY($2)`,
    [tenantId, callKeys],
  );
  const revised = await tx.query<FactRow>(
    'SELECT DISTINCT file_id FROM call_revisions WHERE tenant_id = $1 AND call_key = ANY($2)',
    [tenantId, callKeys],
  );
  const records = await removeRecords(tx, tenantId, stems, made);
  const fileIds = [...made, ...revised, ...records].map(({ file_id }) => file_id);
  const files = await tx.query<BlobRow & { id: string }>(
    `DELETE FROM files f
      WHERE f.tenant_id = $1 AND (f.stem = ANY($2) OR f.id = ANY($3))
        AND (f.kind IS NULL OR f.kind = ANY($4))
        AND (f.classified_at IS NOT NULL OR f.state <> 'received' OR f.purged_at IS NOT NULL)
        AND NOT EXISTS (SELECT FROM call_records r WHERE r.tenant_id = f.tenant_id AND r.file_id = f.id)
     RETURNING f.id, f.blob_key`,
    [tenantId, stems, [...new Set(fileIds.filter((id) => id !== null))], OWN_KINDS],
  );
  await tx.execute('DELETE FROM outbox WHERE tenant_id = $1 AND call_key = ANY($2)', [
    tenantId,
    [...callKeys, ...files.map(({ id }) => fileEventKey(id))],
  ]);
  await tx.execute('DELETE FROM calls WHERE tenant_id = $1 AND call_key = ANY($2)', [tenantId, callKeys]);
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
    `SELECT key FROM unnest($2::text[]) AS key
      WHERE NOT EXISTS (SELECT FROM files WHERE tenant_id = $1 AND blob_key = key AND purged_at IS NULL)
        AND NOT EXISTS (SELECT FROM calls WHERE tenant_id = $1 AND media_blob_key = key)`,
    [tenantId, [...keys]],
  );
  return unused.map(({ key }) => key);
}
