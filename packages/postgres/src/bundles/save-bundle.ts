import { laneOf, outcomeOf, outcomeSaying } from '@callbay/core';
import type { BundleEnd, BundleMember } from '@callbay/ingestion';
import { keyOfStem } from '../calls/facts-of-rows.ts';
import { lockCalls } from '../calls/lock-calls.ts';
import type { Sql } from '../database/database.ts';
import { endBundleFile } from './end-bundle-file.ts';
import { refreshSpoken } from './spoken-text.ts';

/** Its trigger of the same stem may have come later: the release is when both were there. */
const INSERT_MEMBERS = `
WITH given AS (
  SELECT * FROM jsonb_to_recordset($3::jsonb)
    AS m(nth int, id uuid, name text, ext text, size_bytes bigint, sha256 text, blob_key text, reads_alone boolean, is_read boolean, warnings jsonb)
   WHERE NOT EXISTS (SELECT FROM files f WHERE f.tenant_id = $1 AND f.id = m.id)
), archive AS (
  SELECT z.*, greatest(z.received_at, coalesce((
           SELECT min(t.received_at) FROM files t
            WHERE t.tenant_id = $1 AND t.stem = z.stem AND t.ext = 'done' AND t.outcome_code = 'BUNDLE_DONE'
              AND t.receive_seq > z.receive_seq), z.received_at)) AS released_at
    FROM files z WHERE z.tenant_id = $1 AND z.id = $2
), taken AS (
  UPDATE tenant_counters SET value = value + (SELECT count(*) FROM given), bytes = bytes + (SELECT coalesce(sum(size_bytes), 0) FROM given)
   WHERE tenant_id = $1 AND name = 'receive' RETURNING value - (SELECT count(*) FROM given) AS base
), received AS (
  INSERT INTO files (tenant_id, id, drop, bundle_id, name, shown_name, stem, ext, size_bytes, modified_at, blob_key, sent_by,
                     reads_alone, folder, received_at, receive_seq, kind, sha256, classified_at, call_key, state,
                     outcome_code, outcome_message, outcome_fix, outcome_at, warnings, fact_warnings)
  SELECT $1, g.id, 'bundle', z.id, g.name, g.name, z.stem, g.ext, g.size_bytes, z.modified_at, g.blob_key, z.sent_by,
         g.reads_alone, CASE WHEN g.is_read THEN 'processed' ELSE 'data' END, z.released_at, taken.base + g.nth,
         CASE WHEN g.is_read THEN 'transcript' END, CASE WHEN g.is_read THEN g.sha256 END,
         CASE WHEN g.is_read THEN callbay_now() END, CASE WHEN g.is_read THEN 'stem:' || z.stem END,
         CASE WHEN g.is_read THEN 'done' ELSE 'received' END, CASE WHEN g.is_read THEN $4 END,
         CASE WHEN g.is_read THEN $5 END, CASE WHEN g.is_read THEN $6 END, CASE WHEN g.is_read THEN callbay_now() END,
         g.warnings, g.warnings
    FROM given g, archive z, taken
  RETURNING id
)
SELECT count(*)::int AS count FROM received`;

/** See `BundleStore.saveBundle`. Calls are locked before files, counters are taken last. */
export async function saveBundle(
  tx: Sql,
  tenantId: string,
  fileId: string,
  end: BundleEnd,
): Promise<string[]> {
  const [found] = await tx.query<{ stem: string }>(
    'SELECT stem FROM files WHERE tenant_id = $1 AND id = $2',
    [tenantId, fileId],
  );
  if (found === undefined) return [];
  const callKey = keyOfStem(found.stem);
  await lockCalls(tx, tenantId, [callKey]);
  const open = await tx.query(
    `SELECT 1 FROM files WHERE tenant_id = $1 AND id = $2 AND classified_at IS NULL AND purged_at IS NULL FOR NO KEY UPDATE`,
    [tenantId, fileId],
  );
  if (open.length === 0) return [callKey];
  if ('refusal' in end) {
    await endBundleFile(tx, tenantId, fileId, outcomeSaying('BUNDLE_INVALID', end.refusal));
    return [callKey];
  }
  await endBundleFile(tx, tenantId, fileId, outcomeOf('BUNDLE_DONE'), end.sha256);
  const { code, message, fix } = outcomeOf('TRANSCRIPT_READ');
  const members = inOrder(end.members);
  await tx.query(
    INSERT_MEMBERS,
    [tenantId, fileId, JSON.stringify(members.map(rowOf)), code, message, fix],
    'insert-members',
  );
  for (const { fileId: id, transcript } of members) {
    if (transcript === null) continue;
    await tx.execute(
      `INSERT INTO file_transcripts (tenant_id, file_id, segments, spoken_text) VALUES ($1, $2, $3, $4)
           ON CONFLICT DO NOTHING`,
      [tenantId, id, JSON.stringify(transcript.segments), transcript.spokenText],
    );
    await refreshSpoken(tx, tenantId, [callKey]);
  }
  return [callKey];
}

/** The transcript and the recording come before the metadata that completes the call. */
const inOrder = (members: readonly BundleMember[]): BundleMember[] =>
  members.toSorted((a, b) => placeOf(a) - placeOf(b));
const placeOf = ({ transcript, ext }: BundleMember): number =>
  transcript !== null ? 0 : ext === 'json' ? 2 : 1;

const rowOf = (member: BundleMember, n: number) => ({
  nth: n + 1,
  id: member.fileId,
  name: member.name,
  ext: member.ext,
  size_bytes: member.sizeBytes,
  sha256: member.sha256,
  blob_key: member.blobKey,
  reads_alone: laneOf(member) === 'alone',
  is_read: member.transcript !== null,
  warnings: member.transcript?.warnings ?? [],
});
