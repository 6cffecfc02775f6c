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
    `select callbay_now() as at,
            array(select file_id || '#' || row from linkage_records
                   where tenant_id = $1 and started_at between $2 and $3 and due_at is not null) as records,
            array(select file_id from external_recordings
                   where tenant_id = $1 and started_at between $2 and $3 and due_at is not null) as recordings`,
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
    `update linkage_records set due_at = null
      where tenant_id = $1 and file_id = any($4::uuid[]) and file_id || '#' || row = any($2::text[]) and due_at <= $3
        and started_at between $5 and $6`,
    [tenantId, due.recordIds, due.at, due.recordIds.map((id) => id.split('#')[0]), ...span],
  );
  await tx.execute(
    `update external_recordings set due_at = null
      where tenant_id = $1 and file_id = any($2::uuid[]) and due_at <= $3 and started_at between $4 and $5`,
    [tenantId, due.recordingIds, due.at, ...span],
  );
}

interface UnreadRecord {
  readonly tenant_id: string;
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
  readonly tenant_id: string;
  readonly file_id: string;
  readonly fields: ExternalFields;
  readonly policy: Policy;
}

/** The newest policy of a row's tenant, as `p`. */
const NEWEST_POLICY = (table: string): string => `lateral (select version, policy from tenant_policies
  where tenant_id = ${table}.tenant_id order by version desc limit 1) p`;

/**
 * Reads the fields of what came, by the newest policy, up to `limit` of either side; answers how many. A record without a
 * start has nothing to be found by and is done; a later version of a file that is linked, and a row that says the same as
 * one that is, follows it at once, and a replayed one what a person accepted for it.
 */
export async function readDueFields(db: Database, limit: number): Promise<number> {
  const records = await db.query<UnreadRecord>(
    `select l.tenant_id, l.file_id, l.row, r.stem, f.ext, r.raw, r.nested_paths, r.at, f.received_at, p.policy,
            earlier.named_stem as linked_stem, earlier.linked_match
       from (select * from linkage_records where policy_version is null and due_at <= callbay_now()
              order by due_at limit $1) l
       join call_records r on r.tenant_id = l.tenant_id and r.file_id = l.file_id and r.row = l.row
       join files f on f.tenant_id = l.tenant_id and f.id = l.file_id
       cross join ${NEWEST_POLICY('l')}
       left join lateral (
         select named_stem, linked_match from (
           select e.named_stem, e.linked_match, v.receive_seq from files v
             join call_records e on e.tenant_id = v.tenant_id and e.file_id = v.id and e.row = l.row
            where v.tenant_id = l.tenant_id and v.stem = f.stem and v.ext = f.ext and v.id <> f.id
              and e.linked_match is not null and not r.is_batch_row
           union all
           select e.named_stem, e.linked_match, v.receive_seq from call_records e
             join files v on v.tenant_id = e.tenant_id and v.id = e.file_id
            where e.tenant_id = l.tenant_id and e.stem = r.stem and e.linked_match is not null and r.is_batch_row
           union all
           select recording.stem, m.id, f.receive_seq from matches m
             join files recording on recording.tenant_id = m.tenant_id and recording.id = m.recording_file_id
            where m.tenant_id = l.tenant_id and m.record_file_id = l.file_id and m.record_row = l.row
              and m.state = 'accepted') known
          order by receive_seq desc limit 1) earlier on r.named_stem is null`,
    [limit],
  );
  for (const record of records) {
    if (record.linked_match !== null) await followEarlier(db, record);
  }
  await saveFields(
    db,
    'linkage_records',
    records.map((record) => ({
      ...{
        tenant_id: record.tenant_id,
        file_id: record.file_id,
        row: record.row,
        version: record.policy.version,
      },
      shared: fieldsOfRecord(
        { fields: record.raw, nestedPaths: record.nested_paths, at: record.at },
        record.policy,
        { stem: record.stem, receivedAtMs: record.received_at.getTime(), isCsv: record.ext === 'csv' },
      ),
    })),
  );
  const recordings = await db.query<UnreadRecording>(
    `select e.tenant_id, e.file_id, e.fields, p.policy
       from (select * from external_recordings where policy_version is null and due_at <= callbay_now()
              order by due_at limit $1) e
       cross join ${NEWEST_POLICY('e')}`,
    [limit],
  );
  await saveFields(
    db,
    'external_recordings',
    recordings.map(({ tenant_id, file_id, fields, policy }) => ({
      ...{ tenant_id, file_id, row: 0, version: policy.version },
      shared: fieldsOfRecording(fields, policy),
    })),
  );
  return Math.max(records.length, recordings.length);
}

interface ReadFields {
  readonly tenant_id: string;
  readonly file_id: string;
  readonly row: number;
  readonly version: number;
  readonly shared: LinkageFields;
}

async function saveFields(
  db: Database,
  table: 'linkage_records' | 'external_recordings',
  read: readonly ReadFields[],
): Promise<void> {
  if (read.length === 0) return;
  await db.execute(
    `update ${table} l set shared = n.shared, policy_version = n.version, started_at = n.started_at,
            due_at = case when n.started_at is not null then l.due_at end
       from jsonb_to_recordset($1::jsonb) as n(tenant_id text, file_id uuid, row int, version int, shared jsonb,
            started_at timestamptz)
      where l.tenant_id = n.tenant_id and l.file_id = n.file_id ${table === 'linkage_records' ? 'and l.row = n.row' : ''}`,
    [
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
async function followEarlier(db: Database, record: UnreadRecord): Promise<void> {
  const { tenant_id: tenantId, file_id, row, stem, linked_stem, linked_match } = record;
  await transact(db, async (tx) => {
    await wakeStems(tx, tenantId, [stem, linked_stem!]);
    await tx.execute(
      `with place as (
         update tenant_counters set value = value + 1 where tenant_id = $1 and name = 'receive' returning value
       )
       update call_records set named_stem = $4, linked_match = $5, placed_seq = place.value from place
        where tenant_id = $1 and file_id = $2 and row = $3 and named_stem is null`,
      [tenantId, file_id, row, linked_stem, linked_match],
    );
  });
}
