import {
  type ExternalFields,
  fieldsOfRecord,
  fieldsOfRecording,
  type LinkageFields,
  type Policy,
} from '@callbay/core';
import { type Database, type Sql, transact } from '../database/database.ts';
import { wakeStems } from './linkage-rows.ts';

/** What was due when a comparison began: later marks are for the next one. */
export interface DueLinks {
  readonly at: Date;
  readonly recordIds: readonly string[];
  readonly recordingIds: readonly string[];
}

export async function listDue(
  tx: Sql,
  tenantId: string,
  startedAt: number,
  reachMs: number,
): Promise<DueLinks> {
  const values = [tenantId, new Date(startedAt - reachMs), new Date(startedAt + reachMs)];
  const [row] = await tx.query<{ at: Date; records: string[]; recordings: string[] }>(
    `SELECT callbay_now() AS at,
            ARRAY(SELECT file_id || '#' || row FROM linkage_records
                   WHERE tenant_id = $1 AND started_at BETWEEN $2 AND $3 AND due_at IS NOT NULL) AS records,
            ARRAY(SELECT file_id FROM external_recordings
                   WHERE tenant_id = $1 AND started_at BETWEEN $2 AND $3 AND due_at IS NOT NULL) AS recordings`,
    values,
    'list-due-links',
  );
  return { at: row!.at, recordIds: row!.records, recordingIds: row!.recordings };
}

/** What was due at the beginning and started within `doneMs` of the instant is done with. */
export async function clearDue(
  tx: Sql,
  tenantId: string,
  due: DueLinks,
  startedAt: number,
  doneMs: number,
): Promise<void> {
  const span = [new Date(startedAt - doneMs), new Date(startedAt + doneMs)];
  await tx.execute(
    `UPDATE linkage_records SET due_at = NULL
      WHERE tenant_id = $1 AND file_id = ANY($4::uuid[]) AND file_id || '#' || row = ANY($2::text[]) AND due_at <= $3
        AND started_at BETWEEN $5 AND $6`,
    [tenantId, due.recordIds, due.at, due.recordIds.map((id) => id.split('#')[0]), ...span],
  );
  await tx.execute(
    `UPDATE external_recordings SET due_at = NULL
      WHERE tenant_id = $1 AND file_id = ANY($2::uuid[]) AND due_at <= $3 AND started_at BETWEEN $4 AND $5`,
    [tenantId, due.recordingIds, due.at, ...span],
  );
}

interface UnreadRecord {
  readonly file_id: string;
  readonly row: number;
  readonly stem: string;
  readonly ext: string;
  readonly raw: Record<string, string>;
  readonly nested_paths: string[];
  readonly at: string;
  readonly received_at: Date;
  readonly policy: Policy;
  readonly linked_stem: string | null;
  readonly linked_match: string | null;
}

interface UnreadRecording {
  readonly file_id: string;
  readonly fields: ExternalFields;
  readonly policy: Policy;
}

/** The newest policy of a row's tenant, as `p`. */
const newestPolicyOf = (table: string): string => `LATERAL (SELECT version, policy FROM tenant_policies
  WHERE tenant_id = ${table}.tenant_id ORDER BY version DESC LIMIT 1) p`;

/**
 * Reads the fields of what came, by the tenant's newest policy, up to `limit` of either side; returns how many. A record without a
 * start has nothing to be found by and is done; a later version of a file that is linked, and a row that says the same as
 * one that is, follows it at once, and a replayed one what a person accepted for it.
 */
export async function readDueFields(db: Database, tenantId: string, limit: number): Promise<number> {
  const records = await db.query<UnreadRecord>(
    `SELECT l.file_id, l.row, r.stem, f.ext, r.raw, r.nested_paths, r.at, f.received_at, p.policy,
            earlier.named_stem AS linked_stem, earlier.linked_match
       FROM (SELECT * FROM linkage_records WHERE tenant_id = $1 AND policy_version IS NULL
                AND due_at <= callbay_now() ORDER BY due_at LIMIT $2) l
       JOIN call_records r ON r.tenant_id = l.tenant_id AND r.file_id = l.file_id AND r.row = l.row
       JOIN files f ON f.tenant_id = l.tenant_id AND f.id = l.file_id
       CROSS JOIN ${newestPolicyOf('l')}
       LEFT JOIN LATERAL (
         SELECT named_stem, linked_match FROM (
           SELECT e.named_stem, e.linked_match, v.receive_seq FROM files v
             JOIN call_records e ON e.tenant_id = v.tenant_id AND e.file_id = v.id AND e.row = l.row
            WHERE v.tenant_id = l.tenant_id AND v.stem = f.stem AND v.ext = f.ext AND v.id <> f.id
              AND e.linked_match IS NOT NULL AND NOT r.is_batch_row
           UNION ALL
           SELECT e.named_stem, e.linked_match, v.receive_seq FROM call_records e
             JOIN files v ON v.tenant_id = e.tenant_id AND v.id = e.file_id
            WHERE e.tenant_id = l.tenant_id AND e.stem = r.stem AND e.linked_match IS NOT NULL AND r.is_batch_row
           UNION ALL
           SELECT recording.stem, m.id, f.receive_seq FROM matches m
             JOIN files recording ON recording.tenant_id = m.tenant_id AND recording.id = m.recording_file_id
            WHERE m.tenant_id = l.tenant_id AND m.record_file_id = l.file_id AND m.record_row = l.row
              AND m.state = 'accepted') known
          ORDER BY receive_seq DESC LIMIT 1) earlier ON r.named_stem IS NULL`,
    [tenantId, limit],
  );
  for (const record of records) {
    if (record.linked_match !== null) await followEarlier(db, tenantId, record);
  }
  await saveFields(
    db,
    tenantId,
    'linkage_records',
    records.map((record) => ({
      file_id: record.file_id,
      row: record.row,
      version: record.policy.version,
      shared: fieldsOfRecord(
        { fields: record.raw, nestedPaths: record.nested_paths, at: record.at },
        record.policy,
        { stem: record.stem, receivedAtMs: record.received_at.getTime(), isCsv: record.ext === 'csv' },
      ),
    })),
  );
  const recordings = await db.query<UnreadRecording>(
    `SELECT e.file_id, e.fields, p.policy
       FROM (SELECT * FROM external_recordings WHERE tenant_id = $1 AND policy_version IS NULL
                AND due_at <= callbay_now() ORDER BY due_at LIMIT $2) e
       CROSS JOIN ${newestPolicyOf('e')}`,
    [tenantId, limit],
  );
  await saveFields(
    db,
    tenantId,
    'external_recordings',
    recordings.map(({ file_id, fields, policy }) => ({
      file_id,
      row: 0,
      version: policy.version,
      shared: fieldsOfRecording(fields, policy),
    })),
  );
  return Math.max(records.length, recordings.length);
}

interface ReadFields {
  readonly file_id: string;
  readonly row: number;
  readonly version: number;
  readonly shared: LinkageFields;
}

async function saveFields(
  db: Database,
  tenantId: string,
  table: 'linkage_records' | 'external_recordings',
  read: readonly ReadFields[],
): Promise<void> {
  if (read.length === 0) return;
  await db.execute(
    `UPDATE ${table} l SET shared = n.shared, policy_version = n.version, started_at = n.started_at,
            due_at = CASE WHEN n.started_at IS NOT NULL THEN l.due_at END
       FROM jsonb_to_recordset($2::jsonb) AS n(file_id uuid, row int, version int, shared jsonb,
            started_at timestamptz)
      WHERE l.tenant_id = $1 AND l.file_id = n.file_id ${table === 'linkage_records' ? 'AND l.row = n.row' : ''}`,
    [
      tenantId,
      JSON.stringify(
        read.map((row) => ({
          ...row,
          started_at: row.shared.startedAt === null ? null : new Date(row.shared.startedAt),
        })),
      ),
    ],
  );
}

/** A later version of a linked metadata file is about the same recording: it is an update, and no new call. */
async function followEarlier(db: Database, tenantId: string, record: UnreadRecord): Promise<void> {
  const { file_id, row, stem, linked_stem, linked_match } = record;
  await transact(db, async (tx) => {
    await wakeStems(tx, tenantId, [stem, linked_stem!]);
    await tx.execute(
      `WITH place AS (
         UPDATE tenant_counters SET value = value + 1 WHERE tenant_id = $1 AND name = 'receive' RETURNING value
       )
       UPDATE call_records SET named_stem = $4, linked_match = $5, placed_seq = place.value FROM place
        WHERE tenant_id = $1 AND file_id = $2 AND row = $3 AND named_stem IS NULL`,
      [tenantId, file_id, row, linked_stem, linked_match],
    );
  });
}
