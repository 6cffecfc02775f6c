import { createHash } from 'node:crypto';
import { type ExternalRecording, type NewExternalRecording, pageOf } from '@callbay/contracts';
import {
  CallbayError,
  fieldsOfRecording,
  type Policy,
  STEP_SENTENCES,
  stripSourcePrefix,
} from '@callbay/core';
import type { Actor, ExternalRecordingStore } from '@callbay/ingestion';
import { audit } from '../access/audit.ts';
import { lockTenant } from '../calls/lock-tenant.ts';
import { textSql } from '../database/constants.ts';
import { type Database, type Sql, transact } from '../database/database.ts';
import { queryPage, selectOf } from '../database/page.ts';
import { isIncompleteSql, namesSql } from '../database/state-conditions.ts';
import { wakeStems } from './linkage-rows.ts';

interface Row {
  readonly fileId: string;
  readonly source: string;
  readonly id: string;
  readonly fields: Record<string, unknown>;
  readonly state: ExternalRecording['state'];
  readonly outcomeCode: string | null;
  readonly callKey: string | null;
  readonly callId: number | null;
  readonly registeredAt: Date;
  readonly updatedAt: Date;
  readonly receiveSeq: number;
}

const LIGHT_COLUMNS = {
  fileId: 'e.file_id',
  source: 'e.source',
  id: 'e.external_id',
  state: 'f.state',
  outcomeCode: 'f.outcome_code',
  callKey: 'f.call_key',
  callId: 'c.call_id',
  registeredAt: 'f.received_at',
  updatedAt: 'e.updated_at',
  receiveSeq: 'f.receive_seq',
} as const;
const HEAVY_COLUMNS = { fields: 'e.fields' } as const;

const TABLES = `external_recordings e JOIN files f ON f.tenant_id = e.tenant_id AND f.id = e.file_id
    LEFT JOIN calls c ON c.tenant_id = f.tenant_id AND c.call_key = f.call_key`;

const SELECT_ROWS = `SELECT ${selectOf({ ...LIGHT_COLUMNS, ...HEAVY_COLUMNS })} FROM ${TABLES}`;

export function createExternalRecordingStore(db: Database): ExternalRecordingStore {
  return {
    register: (tenantId, items, by) => transact(db, (tx) => register(tx, tenantId, items, by)),

    async listExternalRecordings(tenantId, { limit, cursor, source, state }) {
      const page = await queryPage<Omit<Row, 'fields'> & { readonly fields: string }>(db, {
        light: LIGHT_COLUMNS,
        heavy: HEAVY_COLUMNS,
        limit,
        omitsLarge: false,
        statement: (select, rows) => ({
          text: `SELECT ${select} FROM ${TABLES} WHERE e.tenant_id = $1 AND ($2::bigint IS NULL OR f.receive_seq < $2)
                    AND ($3::text IS NULL OR e.source = $3) AND ($4::text IS NULL OR f.state = $4)
                  ORDER BY f.receive_seq DESC LIMIT ${rows}`,
          values: [tenantId, cursor ?? null, source ?? null, state ?? null],
        }),
      });
      return pageOf(
        page,
        ({ bytes: _, fields, ...row }) =>
          toExternalRecording({ ...row, fields: JSON.parse(fields) as Row['fields'] }),
        (row) => row.receiveSeq,
      );
    },
  };
}

interface Registration extends NewExternalRecording {
  readonly fileId: string;
  readonly name: string;
  readonly stem: string;
}

async function register(
  tx: Sql,
  tenantId: string,
  items: readonly NewExternalRecording[],
  by: Actor,
): Promise<{ recording: ExternalRecording; isNew: boolean }[]> {
  const tenant = await lockTenant(tx, tenantId);
  if (!tenant) throw new CallbayError('NOT_FOUND');
  const given = items.map((item) => registrationOf(tenantId, item, tenant.policy.settings.sourcePrefixes));
  // Of one named twice the last counts, as if they had come one after the other.
  const last = [...new Map(given.map((each) => [each.fileId, each])).values()];
  const known = await tx.query<{ id: string; stem: string; is_open: boolean }>(
    `SELECT id, stem, ${isIncompleteSql('')} AS is_open FROM files
      WHERE tenant_id = $1 AND id = ANY($2::uuid[])`,
    [tenantId, last.map(({ fileId }) => fileId)],
  );
  const old = new Map(known.map((row) => [row.id, row]));
  const fresh = last.filter(({ fileId }) => !old.has(fileId));
  // A source prefix that was configured since then makes another stem, as long as no call was made by the first.
  const moved = last.filter(({ fileId, stem }) => old.get(fileId)?.is_open && old.get(fileId)!.stem !== stem);
  await wakeStems(tx, tenantId, [
    ...[...fresh, ...moved].map(({ stem }) => stem),
    ...moved.map(({ fileId }) => old.get(fileId)!.stem),
  ]);
  if (moved.length > 0) await moveStems(tx, tenantId, moved);
  const made = fresh.length > 0 ? await insertFiles(tx, tenantId, fresh, by) : new Set<string>();
  await saveFields(tx, tenantId, last, tenant.policy);
  // Its own name would outlive its call here.
  const target = items.length === 1 ? given[0]!.fileId : `${items.length} recordings`;
  await audit(tx, by, {
    tenantId,
    action: 'externalRecording.register',
    target,
    detail: { new: made.size, known: last.length - made.size },
  });
  const rows = await tx.query<Row>(`${SELECT_ROWS} WHERE e.tenant_id = $1 AND e.file_id = ANY($2::uuid[])`, [
    tenantId,
    last.map(({ fileId }) => fileId),
  ]);
  const byId = new Map(rows.map((row) => [row.fileId, row]));
  return given.map(({ fileId }) => ({
    recording: toExternalRecording(byId.get(fileId)!),
    isNew: made.has(fileId),
  }));
}

/** The same source and id always give the same file, so that registering twice at once makes one. */
function registrationOf(
  tenantId: string,
  item: NewExternalRecording,
  sourcePrefixes: readonly string[],
): Registration {
  const name = `${item.source}_${item.id}`.normalize('NFC');
  const hash = createHash('sha256')
    .update(JSON.stringify([tenantId, item.source, item.id]))
    .digest('hex');
  const fileId = hash.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-8$3-8$4-$5');
  return { ...item, fileId, name, stem: stripSourcePrefix(name, sourcePrefixes) };
}

const digestOf = ({ source, id }: NewExternalRecording): string =>
  createHash('sha256')
    .update(JSON.stringify([source, id]))
    .digest('hex');

/** Takes receive sequences as every arrival does. Answers the ids that were made. */
async function insertFiles(
  tx: Sql,
  tenantId: string,
  fresh: readonly Registration[],
  by: Actor,
): Promise<Set<string>> {
  const values = fresh.map((each) => ({
    id: each.fileId,
    name: each.name,
    stem: each.stem,
    source: each.source.toLowerCase(),
    sha256: digestOf(each),
  }));
  const rows = await tx.query<{ id: string }>(
    `WITH given AS (
       SELECT n.*, row_number() OVER () AS ordinal, count(*) OVER () AS total
         FROM jsonb_to_recordset($2::jsonb) AS n(id uuid, name text, stem text, source text, sha256 text)
     ), taken AS (
       UPDATE tenant_counters SET value = value + (SELECT total FROM given LIMIT 1)
        WHERE tenant_id = $1 AND name = 'receive' RETURNING value AS seq, callbay_now() AS at
     ), made AS (
       INSERT INTO files (tenant_id, id, drop, name, shown_name, stem, ext, size_bytes, modified_at, blob_key, sent_by,
                          kind, sha256, folder, state, received_at, receive_seq, classified_at, call_key)
       SELECT $1, id, 'external', name, name, stem, source, 0, at, NULL, $3, 'recording', sha256, 'data', 'received', at,
              seq - total + ordinal, at, 'stem:' || stem
         FROM given, taken ON CONFLICT (tenant_id, id) DO NOTHING
       RETURNING id, received_at
     ), told AS (
       INSERT INTO file_steps (tenant_id, file_id, at, step, message, detail, dedupe)
       SELECT $1, id, received_at, 'received', ${textSql(STEP_SENTENCES.registered)},
              jsonb_build_object('drop', 'external', 'sentBy', $3::text), 'received' FROM made
     )
     SELECT id FROM made`,
    [tenantId, JSON.stringify(values), by.name],
  );
  return new Set(rows.map(({ id }) => id));
}

/** Only what is still open when its calls are locked. */
const moveStems = (tx: Sql, tenantId: string, moved: readonly Registration[]): Promise<number> =>
  tx.execute(
    `UPDATE files f SET stem = n.stem, call_key = 'stem:' || n.stem
       FROM unnest($2::uuid[], $3::text[]) AS n(id, stem)
      WHERE f.tenant_id = $1 AND f.id = n.id AND ${isIncompleteSql('f.')}
        AND NOT EXISTS (SELECT 1 FROM call_records r WHERE r.tenant_id = $1 AND ${namesSql('r', 'f.stem')})`,
    [tenantId, moved.map(({ fileId }) => fileId), moved.map(({ stem }) => stem)],
  );

/** Keeps the fields as they were given, and as they are compared; what changed is compared again. */
async function saveFields(
  tx: Sql,
  tenantId: string,
  given: readonly Registration[],
  policy: Policy,
): Promise<void> {
  const values = given.map(({ fileId, source, id, fields }) => {
    const shared = fieldsOfRecording(fields, policy);
    const started_at = shared.startedAt === null ? null : new Date(shared.startedAt);
    return { file_id: fileId, source, id, fields, shared, started_at };
  });
  await tx.execute(
    `INSERT INTO external_recordings AS e (tenant_id, file_id, source, external_id, fields, shared, started_at,
                                           policy_version, updated_at, due_at, ambiguous_matches)
     SELECT $1, n.file_id, n.source, n.id, n.fields, n.shared, n.started_at, $3, callbay_now(),
            CASE WHEN n.started_at IS NOT NULL THEN callbay_now() END, '{}'
       FROM jsonb_to_recordset($2::jsonb) AS n(file_id uuid, source text, id text, fields jsonb, shared jsonb,
            started_at timestamptz)
      ORDER BY n.file_id
         ON CONFLICT (tenant_id, file_id) DO UPDATE
        SET fields = excluded.fields, shared = excluded.shared, started_at = excluded.started_at,
            policy_version = excluded.policy_version, updated_at = excluded.updated_at, due_at = excluded.due_at
      WHERE e.fields <> excluded.fields`,
    [tenantId, JSON.stringify(values), policy.version],
  );
}

const toExternalRecording = ({ receiveSeq: _, registeredAt, updatedAt, ...row }: Row): ExternalRecording => ({
  ...row,
  registeredAt: registeredAt.toISOString(),
  updatedAt: updatedAt.toISOString(),
});
