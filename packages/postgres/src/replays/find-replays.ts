import type { CallToReplay, FileToReplay, ReplaySelection, RowToReplay } from '@callbay/ingestion';
import type { Sql } from '../database/database.ts';
import { isCompleteHoldSql } from '../database/state-conditions.ts';

/** Strings beyond this stay in the database. */
const MAX_RECORD_BYTES = 256 * 1024;

/** Whether the strings of every record of a metadata file were kept, so that it needs no bytes to be judged again. */
export const IS_KEPT = `(f.kind = 'sidecar' AND EXISTS (SELECT FROM call_records r WHERE r.tenant_id = f.tenant_id
    AND r.file_id = f.id) AND NOT EXISTS (SELECT FROM call_records r WHERE r.tenant_id = f.tenant_id
    AND r.file_id = f.id AND r.raw IS NULL))`;

/** A purged file can still change a call that exists, and nothing else. */
export const MAY_REPLAY = `(f.withdrawn_seq IS NULL AND NOT ${isCompleteHoldSql('f.')}
    AND f.outcome_code IS DISTINCT FROM 'PURGED_UNPAIRED'
    AND CASE WHEN f.purged_at IS NULL THEN f.blob_key IS NOT NULL
             ELSE f.state = 'rejected' AND ${IS_KEPT} AND EXISTS (
               SELECT FROM call_records r JOIN calls c ON c.tenant_id = r.tenant_id AND c.status = 'surfaced'
                  AND c.call_key = 'stem:' || coalesce(r.named_stem, r.stem)
                WHERE r.tenant_id = f.tenant_id AND r.file_id = f.id) END)`;

const FILES = `
  SELECT f.id AS "fileId", f.receive_seq AS seq, f.outcome_code AS code, ${MAY_REPLAY} AS "isReplayable"
    FROM files f
   WHERE f.tenant_id = $1 AND f.receive_seq > $2 AND (f.kind IS NULL OR f.kind IN ('recording', 'sidecar', 'batch', 'unknown'))
     AND f.state = ANY (CASE WHEN $3::text IS NULL THEN ARRAY['rejected'] ELSE ARRAY['rejected', 'held'] END)
     AND f.outcome_code IS NOT NULL AND ($3::text IS NULL OR f.outcome_code = $3)
     AND ($4::timestamptz IS NULL OR f.received_at >= $4) AND ($5::timestamptz IS NULL OR f.received_at < $5)
     AND ($6::int IS NULL OR f.judged_policy IN (
            SELECT version FROM tenant_policies WHERE tenant_id = $1 AND (policy->>'mappingVersion')::int = $6))
   ORDER BY f.receive_seq LIMIT $7`;

export const findFiles = (
  sql: Sql,
  tenantId: string,
  selection: ReplaySelection,
  after: number,
  limit: number,
): Promise<FileToReplay[]> => {
  const { code, receivedFrom, receivedTo, mappingVersion } = selection;
  return sql.query<FileToReplay>(FILES, [
    tenantId,
    after,
    code,
    receivedFrom,
    receivedTo,
    mappingVersion,
    limit,
  ]);
};

/** Of `call_records r`: a row of a batch that a policy refused, its strings at hand. */
export const MAY_REPLAY_ROW = `(r.is_batch_row AND r.state = 'rejected' AND r.judged_policy IS NOT NULL AND r.raw IS NOT NULL
    AND r.outcome_code NOT IN ('PURGED_UNPAIRED', 'CALL_DELETED'))`;

const ROWS = `
  SELECT r.file_id AS "fileId", r.row, f.receive_seq AS seq, r.outcome_code AS code, ${MAY_REPLAY_ROW} AS "isReplayable"
    FROM files f JOIN call_records r ON r.tenant_id = f.tenant_id AND r.file_id = f.id
   WHERE f.tenant_id = $1 AND f.kind = 'batch' AND f.receive_seq >= $2 AND (f.receive_seq, r.row) > ($2, $3)
     AND r.is_batch_row AND r.state = 'rejected' AND ($4::text IS NULL OR r.outcome_code = $4)
     AND ($5::timestamptz IS NULL OR f.received_at >= $5) AND ($6::timestamptz IS NULL OR f.received_at < $6)
     AND ($7::int IS NULL OR r.judged_policy IN (
            SELECT version FROM tenant_policies WHERE tenant_id = $1 AND (policy->>'mappingVersion')::int = $7))
   ORDER BY f.receive_seq, r.row LIMIT $8`;

export const findRows = (
  sql: Sql,
  tenantId: string,
  { code, receivedFrom, receivedTo, mappingVersion }: ReplaySelection,
  after: { readonly seq: number; readonly row: number },
  limit: number,
): Promise<RowToReplay[]> =>
  sql.query<RowToReplay>(ROWS, [
    tenantId,
    after.seq,
    after.row,
    code,
    receivedFrom,
    receivedTo,
    mappingVersion,
    limit,
  ]);

/** Of every call the record of its last revision. A merged one is the call's own strings. */
const CALLS = `
  SELECT c.call_key AS "callKey", c.call_id AS "callId", c.fields, c.started_at AS "startedAt", c.ended_at AS "endedAt",
         c.direction, c.user_id AS user, c.duration_seconds AS "durationSeconds",
         (c.media->>'durationSeconds')::float8 AS "mediaDurationSeconds", f.ext, f.received_at AS "receivedAt",
         CASE WHEN octet_length(c.raw::text) <= $8 THEN c.raw END AS raw, r.nested_paths AS "nestedPaths", r.at,
         r.raw = c.raw AS "isWhole"
    FROM calls c
    JOIN call_revisions v ON v.tenant_id = c.tenant_id AND v.call_key = c.call_key AND v.revision = c.revision
    JOIN files f ON f.tenant_id = c.tenant_id AND f.id = v.file_id
    JOIN LATERAL (SELECT nested_paths, at, raw FROM call_records
                   WHERE tenant_id = c.tenant_id AND file_id = f.id AND raw IS NOT NULL
                     AND 'stem:' || coalesce(named_stem, stem) = c.call_key ORDER BY row LIMIT 1) r ON TRUE
   WHERE c.tenant_id = $1 AND c.status = 'surfaced' AND c.call_id > $2
     AND ($3::text IS NULL OR f.outcome_code = $3)
     AND ($4::timestamptz IS NULL OR f.received_at >= $4) AND ($5::timestamptz IS NULL OR f.received_at < $5)
     AND ($6::int IS NULL OR c.mapping_version = $6)
   ORDER BY c.call_id LIMIT $7`;

interface CallRow {
  readonly callKey: string;
  readonly callId: number;
  readonly fields: Record<string, string>;
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
  readonly direction: string | null;
  readonly user: string | null;
  readonly durationSeconds: number | null;
  readonly mediaDurationSeconds: number | null;
  readonly ext: string;
  readonly receivedAt: Date;
  readonly raw: Record<string, string> | null;
  readonly nestedPaths: string[];
  readonly at: string;
  readonly isWhole: boolean;
}

export async function findCalls(
  sql: Sql,
  tenantId: string,
  { code, receivedFrom, receivedTo, mappingVersion }: ReplaySelection,
  after: number,
  limit: number,
): Promise<CallToReplay[]> {
  const rows = await sql.query<CallRow>(CALLS, [
    tenantId,
    after,
    code,
    receivedFrom,
    receivedTo,
    mappingVersion,
    limit,
    MAX_RECORD_BYTES,
  ]);
  return rows.map(toCall);
}

function toCall(row: CallRow): CallToReplay {
  const { callKey, callId, fields, direction, user, durationSeconds, raw, nestedPaths, at } = row;
  const stem = callKey.slice('stem:'.length);
  return {
    callKey,
    callId,
    current: {
      fields,
      direction,
      user,
      durationSeconds,
      startedAt: row.startedAt?.getTime() ?? null,
      endedAt: row.endedAt?.getTime() ?? null,
    },
    record: raw && {
      stem,
      pairedStem: stem,
      mediaDurationSeconds: row.mediaDurationSeconds,
      raw: { fields: raw, nestedPaths, at },
      isCsv: row.ext === 'csv' && row.isWhole,
      receivedAt: row.receivedAt.getTime(),
    },
  };
}
