import type { LinkageFields, LinkageParty } from '@callbay/core';
import { lockCalls } from '../calls/lock-calls.ts';
import type { Sql } from '../database/database.ts';

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
export const IS_OPEN_RECORD = `r.named_stem is null and r.linked_match is null and r.raw is not null
  and case when r.is_batch_row then r.state in ('received', 'held') and coalesce(r.outcome_code, '') not in ('READY', 'CRM_PENDING')
           else f.state in ('received', 'held') and coalesce(f.outcome_code, '') not in ('READY', 'CRM_PENDING')
                and f.withdrawn_seq is null and f.purged_at is null end
  and not exists (select 1 from files own where own.tenant_id = f.tenant_id and own.stem = r.stem
                     and own.kind = 'recording' and own.state in ('received', 'held', 'done'))
  and (r.is_batch_row or not exists (select 1 from files newer where newer.tenant_id = f.tenant_id and newer.stem = f.stem
                     and newer.ext = f.ext and newer.kind = 'sidecar' and newer.receive_seq > f.receive_seq
                     and newer.state in ('received', 'held')))`;

/** Of `files f`: an external recording that no record is about yet, by its name or a link. */
export const IS_OPEN_RECORDING = `f.drop = 'external' and f.state in ('received', 'held')
  and coalesce(f.outcome_code, '') not in ('READY', 'CRM_PENDING')
  and not exists (select 1 from call_records own where own.tenant_id = f.tenant_id and own.stem = f.stem
                     and own.named_stem is null and own.raw is not null)
  and not exists (select 1 from call_records namer where namer.tenant_id = f.tenant_id and namer.named_stem = f.stem
                     and namer.raw is not null)`;

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
    `select l.file_id || '#' || l.row as id, l.file_id, l.row, r.stem, f.ext, l.shared, l.ambiguous_matches <> '{}' as is_told,
            (extract(epoch from l.started_at) * 1000)::bigint as started_ms
       from linkage_records l
       join call_records r on r.tenant_id = l.tenant_id and r.file_id = l.file_id and r.row = l.row
       join files f on f.tenant_id = l.tenant_id and f.id = l.file_id
      where l.tenant_id = $1 and l.started_at between $2 and $3 and ${IS_OPEN_RECORD}
      order by abs(extract(epoch from l.started_at - $4::timestamptz)), l.file_id, l.row limit ${OPEN_LIMIT}`,
    values,
    'open-records',
  );
  const recordings = await tx.query<OpenRecording>(
    `select e.file_id as id, f.stem, e.shared, e.ambiguous_matches <> '{}' as is_told,
            (extract(epoch from e.started_at) * 1000)::bigint as started_ms
       from external_recordings e join files f on f.tenant_id = e.tenant_id and f.id = e.file_id
      where e.tenant_id = $1 and e.started_at between $2 and $3 and ${IS_OPEN_RECORDING}
      order by abs(extract(epoch from e.started_at - $4::timestamptz)), e.file_id limit ${OPEN_LIMIT}`,
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
    `select coalesce(r.stem, f.stem) || '.' || f.ext as version, m.recording_file_id
       from matches m join files f on f.tenant_id = m.tenant_id and f.id = m.record_file_id
       left join call_records r on r.tenant_id = m.tenant_id and r.file_id = m.record_file_id and r.row = m.record_row
      where m.tenant_id = $1 and m.state = 'refused' and m.recording_file_id = any($2::uuid[])`,
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
    `insert into calls (tenant_id, call_key) select $1, key from unnest($2::text[]) as key order by key collate "C"
         on conflict do nothing`,
    [tenantId, keys],
  );
  await lockCalls(tx, tenantId, keys);
}

/** Locks the calls of these stems in key order, and has each decided anew. Answers their keys. */
export async function wakeStems(tx: Sql, tenantId: string, stems: Iterable<string>): Promise<string[]> {
  const keys = [...new Set(stems)].map((stem) => `stem:${stem}`).sort();
  if (keys.length === 0) return keys;
  await tx.execute(
    `insert into calls (tenant_id, call_key, due_at)
     select $1, key, callbay_now() from unnest($2::text[]) as key order by key collate "C"
         on conflict (tenant_id, call_key) do update set due_at = callbay_now()`,
    [tenantId, keys],
  );
  return keys;
}

/** One linking at a time in a tenant: two at once could give one recording to two records. */
export const lockLinkage = (tx: Sql, tenantId: string): Promise<unknown> =>
  tx.query(
    `select pg_advisory_xact_lock(hashtext('callbay.linkage'), hashtext($1))`,
    [tenantId],
    'lock-linkage',
  );
