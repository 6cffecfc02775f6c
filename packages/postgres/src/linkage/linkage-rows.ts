import type { LinkageFields, LinkageParty } from '@callbay/core';
import { lockCalls } from '../calls/lock-calls.ts';
import type { Sql } from '../database/database.ts';
import { isIncompleteSql, isOpenSql, namesSql } from '../database/state-conditions.ts';

/** A record that waits without naming a recording. `id` is that of its party in a comparison. */
export interface OpenRecord {
  readonly id: string;
  readonly file_id: string;
  readonly row: number;
  readonly stem: string;
  readonly ext: string;
  readonly started_ms: number;
  readonly shared: LinkageFields;
  /** It has a tie now, which this comparison may end. */
  readonly is_told: boolean;
}

/** An external recording that waits for its metadata. */
export interface OpenRecording {
  readonly id: string;
  readonly stem: string;
  readonly started_ms: number;
  readonly shared: LinkageFields;
  /** It has a tie now, which this comparison may end. */
  readonly is_told: boolean;
}

/** The most of either that one comparison takes: the nearest ones. */
export const OPEN_LIMIT = 8_000;

/**
 * Of `linkage_records l`, `call_records r`, `files f`: the newest version of a record that waits, names no recording
 * and has none of its own name. What a complete call is made of is not open, and never linked elsewhere.
 */
export const IS_OPEN_RECORD = `r.named_stem IS NULL AND r.linked_match IS NULL AND r.raw IS NOT NULL
  AND CASE WHEN r.is_batch_row THEN ${isIncompleteSql('r.')}
           ELSE ${isIncompleteSql('f.')}
                AND f.withdrawn_seq IS NULL AND f.purged_at IS NULL END
  AND NOT EXISTS (SELECT 1 FROM files own WHERE own.tenant_id = f.tenant_id AND own.stem = r.stem
                     AND own.kind = 'recording' AND own.state IN ('received', 'held', 'done'))
  AND (r.is_batch_row OR NOT EXISTS (SELECT 1 FROM files newer WHERE newer.tenant_id = f.tenant_id AND newer.stem = f.stem
                     AND newer.ext = f.ext AND newer.kind = 'sidecar' AND newer.receive_seq > f.receive_seq
                     AND ${isOpenSql('newer.')}))`;

/** Of `files f`: an external recording that no record is about yet, by its name or a link. */
export const IS_OPEN_RECORDING = `f.drop = 'external' AND ${isIncompleteSql('f.')}
  AND NOT EXISTS (SELECT 1 FROM call_records own WHERE own.tenant_id = f.tenant_id AND own.stem = f.stem
                     AND own.named_stem IS NULL AND own.raw IS NOT NULL)
  AND NOT EXISTS (SELECT 1 FROM call_records namer WHERE namer.tenant_id = f.tenant_id AND ${namesSql('namer', 'f.stem')}
                     AND namer.raw IS NOT NULL)`;

/** Both sides of a neighbourhood: what waits and started within `reachMs` of the instant, nearest first. */
export async function loadNeighbourhood(
  tx: Sql,
  tenantId: string,
  startedAt: number,
  reachMs: number,
): Promise<{ records: OpenRecord[]; recordings: OpenRecording[] }> {
  const values = [
    tenantId,
    new Date(startedAt - reachMs),
    new Date(startedAt + reachMs),
    new Date(startedAt),
  ];
  const records = await tx.query<OpenRecord>(
    `SELECT l.file_id || '#' || l.row AS id, l.file_id, l.row, r.stem, f.ext, l.shared, l.ambiguous_matches <> '{}' AS is_told,
            (extract(epoch FROM l.started_at) * 1000)::bigint AS started_ms
       FROM linkage_records l
       JOIN call_records r ON r.tenant_id = l.tenant_id AND r.file_id = l.file_id AND r.row = l.row
       JOIN files f ON f.tenant_id = l.tenant_id AND f.id = l.file_id
      WHERE l.tenant_id = $1 AND l.started_at BETWEEN $2 AND $3 AND ${IS_OPEN_RECORD}
      ORDER BY abs(extract(epoch FROM l.started_at - $4::timestamptz)), l.file_id, l.row LIMIT ${OPEN_LIMIT}`,
    values,
    'open-records',
  );
  const recordings = await tx.query<OpenRecording>(
    `SELECT e.file_id AS id, f.stem, e.shared, e.ambiguous_matches <> '{}' AS is_told,
            (extract(epoch FROM e.started_at) * 1000)::bigint AS started_ms
       FROM external_recordings e JOIN files f ON f.tenant_id = e.tenant_id AND f.id = e.file_id
      WHERE e.tenant_id = $1 AND e.started_at BETWEEN $2 AND $3 AND ${IS_OPEN_RECORDING}
      ORDER BY abs(extract(epoch FROM e.started_at - $4::timestamptz)), e.file_id LIMIT ${OPEN_LIMIT}`,
    values,
    'open-recordings',
  );
  return { records, recordings };
}

export const partyOf = ({ id, shared }: OpenRecord | OpenRecording): LinkageParty => ({ id, fields: shared });

/** Whether a person refused this pair, be it with an earlier version of the metadata file, or the same row of another batch. */
export async function loadRefused(
  tx: Sql,
  tenantId: string,
  records: readonly OpenRecord[],
  recordings: readonly OpenRecording[],
): Promise<(recordId: string, recordingId: string) => boolean> {
  const rows = await tx.query<{ version: string; recording_file_id: string }>(
    `SELECT coalesce(r.stem, f.stem) || '.' || f.ext AS version, m.recording_file_id
       FROM matches m JOIN files f ON f.tenant_id = m.tenant_id AND f.id = m.record_file_id
       LEFT JOIN call_records r ON r.tenant_id = m.tenant_id AND r.file_id = m.record_file_id AND r.row = m.record_row
      WHERE m.tenant_id = $1 AND m.state = 'refused' AND m.recording_file_id = ANY($2::uuid[])`,
    [tenantId, recordings.map(({ id }) => id)],
    'refused-matches',
  );
  const refused = new Set(rows.map((row) => `${row.recording_file_id} ${row.version}`));
  const versions = new Map(records.map((r) => [r.id, `${r.stem}.${r.ext}`]));
  return (recordId, recordingId) => refused.has(`${recordingId} ${versions.get(recordId)}`);
}

/** Locks the calls of these stems in key order, making what is not there. */
export async function lockStems(tx: Sql, tenantId: string, stems: Iterable<string>): Promise<void> {
  const keys = [...new Set(stems)].map((stem) => `stem:${stem}`);
  if (keys.length === 0) return;
  await tx.execute(
    `INSERT INTO calls (tenant_id, call_key) SELECT $1, key FROM unnest($2::text[]) AS key ORDER BY key COLLATE "C"
         ON CONFLICT DO NOTHING`,
    [tenantId, keys],
  );
  await lockCalls(tx, tenantId, keys);
}

/** Locks the calls of these stems in key order, and has each decided anew. Answers their keys. */
export async function wakeStems(tx: Sql, tenantId: string, stems: Iterable<string>): Promise<string[]> {
  const keys = [...new Set(stems)].map((stem) => `stem:${stem}`).sort();
  if (keys.length === 0) return keys;
  await tx.execute(
    `INSERT INTO calls (tenant_id, call_key, due_at)
     SELECT $1, key, callbay_now() FROM unnest($2::text[]) AS key ORDER BY key COLLATE "C"
         ON CONFLICT (tenant_id, call_key) DO UPDATE SET due_at = callbay_now()`,
    [tenantId, keys],
  );
  return keys;
}

/** One linking at a time in a tenant: two at once could give one recording to two records. */
export const lockLinkage = (tx: Sql, tenantId: string): Promise<unknown> =>
  tx.query(
    `SELECT pg_advisory_xact_lock(hashtext('callbay.linkage'), hashtext($1))`,
    [tenantId],
    'lock-linkage',
  );
