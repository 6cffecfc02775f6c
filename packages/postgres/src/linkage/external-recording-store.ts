import { createHash } from 'node:crypto';
import { type ExternalRecording, type NewExternalRecording, toPage } from '@callbay/contracts';
import { CallbayError, fieldsOfRecording, type Policy, stripSourcePrefix } from '@callbay/core';
import type { Actor, ExternalRecordingStore } from '@callbay/ingestion';
import { audit } from '../access/audit.ts';
import { lockTenant } from '../calls/load-facts.ts';
import { type Database, type Sql, transact } from '../database/database.ts';
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

const SELECT_ROWS = `
  select e.file_id as "fileId", e.source, e.external_id as id, e.fields, f.state, f.outcome_code as "outcomeCode",
         f.call_key as "callKey", c.call_id as "callId", f.received_at as "registeredAt", e.updated_at as "updatedAt",
         f.receive_seq as "receiveSeq"
    from external_recordings e join files f on f.tenant_id = e.tenant_id and f.id = e.file_id
    left join calls c on c.tenant_id = f.tenant_id and c.call_key = f.call_key`;

export function createExternalRecordingStore(db: Database): ExternalRecordingStore {
  return {
    register: (tenantId, items, by) => transact(db, (tx) => register(tx, tenantId, items, by)),

    async listExternalRecordings(tenantId, { limit, cursor, source, state }) {
      const rows = await db.query<Row>(
        `${SELECT_ROWS} where e.tenant_id = $1 and ($2::bigint is null or f.receive_seq < $2)
            and ($3::text is null or e.source = $3) and ($4::text is null or f.state = $4)
          order by f.receive_seq desc limit $5`,
        [tenantId, cursor ?? null, source ?? null, state ?? null, limit + 1],
      );
      return toPage(rows, limit, toExternalRecording, (row) => row.receiveSeq);
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
    `select id, stem, state in ('received', 'held') and coalesce(outcome_code, '') not in ('READY', 'CRM_PENDING') as is_open from files
      where tenant_id = $1 and id = any($2::uuid[])`,
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
    ...{ tenantId, action: 'externalRecording.register', target },
    detail: { new: made.size, known: last.length - made.size },
  });
  const rows = await tx.query<Row>(`${SELECT_ROWS} where e.tenant_id = $1 and e.file_id = any($2::uuid[])`, [
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
    ...{ id: each.fileId, name: each.name, stem: each.stem, source: each.source.toLowerCase() },
    sha256: digestOf(each),
  }));
  const rows = await tx.query<{ id: string }>(
    `with given as (
       select n.*, row_number() over () as ordinal, count(*) over () as total
         from jsonb_to_recordset($2::jsonb) as n(id uuid, name text, stem text, source text, sha256 text)
     ), taken as (
       update tenant_counters set value = value + (select total from given limit 1)
        where tenant_id = $1 and name = 'receive' returning value as seq, callbay_now() as at
     ), made as (
       insert into files (tenant_id, id, drop, name, shown_name, stem, ext, size_bytes, modified_at, blob_key, sent_by,
                          kind, sha256, folder, state, received_at, receive_seq, classified_at, call_key)
       select $1, id, 'external', name, name, stem, source, 0, at, null, $3, 'recording', sha256, 'data', 'received', at,
              seq - total + ordinal, at, 'stem:' || stem
         from given, taken on conflict (tenant_id, id) do nothing
       returning id, received_at
     ), told as (
       insert into file_steps (tenant_id, file_id, at, step, message, detail, dedupe)
       select $1, id, received_at, 'received', 'A recording that rests elsewhere was registered.',
              jsonb_build_object('drop', 'external', 'sentBy', $3::text), 'received' from made
     )
     select id from made`,
    [tenantId, JSON.stringify(values), by.name],
  );
  return new Set(rows.map(({ id }) => id));
}

/** Only what is still open when its calls are locked. */
const moveStems = (tx: Sql, tenantId: string, moved: readonly Registration[]): Promise<number> =>
  tx.execute(
    `update files f set stem = n.stem, call_key = 'stem:' || n.stem
       from unnest($2::uuid[], $3::text[]) as n(id, stem)
      where f.tenant_id = $1 and f.id = n.id and f.state in ('received', 'held')
        and coalesce(f.outcome_code, '') not in ('READY', 'CRM_PENDING')
        and not exists (select 1 from call_records r where r.tenant_id = $1 and r.named_stem = f.stem)`,
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
    `insert into external_recordings as e (tenant_id, file_id, source, external_id, fields, shared, started_at,
                                           policy_version, updated_at, due_at, ambiguous_matches)
     select $1, n.file_id, n.source, n.id, n.fields, n.shared, n.started_at, $3, callbay_now(),
            case when n.started_at is not null then callbay_now() end, '{}'
       from jsonb_to_recordset($2::jsonb) as n(file_id uuid, source text, id text, fields jsonb, shared jsonb,
            started_at timestamptz)
      order by n.file_id
         on conflict (tenant_id, file_id) do update
        set fields = excluded.fields, shared = excluded.shared, started_at = excluded.started_at,
            policy_version = excluded.policy_version, updated_at = excluded.updated_at, due_at = excluded.due_at
      where e.fields <> excluded.fields`,
    [tenantId, JSON.stringify(values), policy.version],
  );
}

const toExternalRecording = ({ receiveSeq: _, registeredAt, updatedAt, ...row }: Row): ExternalRecording => ({
  ...row,
  registeredAt: registeredAt.toISOString(),
  updatedAt: updatedAt.toISOString(),
});
