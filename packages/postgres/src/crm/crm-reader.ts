import {
  type Call,
  type CrmObject,
  type CrmReferenceView,
  toPage,
  type UnresolvedReference,
} from '@callbay/contracts';
import {
  CRM_REFERENCES,
  type CrmReference,
  type CrmType,
  canonicalExternalId,
  crmReferencesOf,
} from '@callbay/core';
import type { CrmReader } from '@callbay/ingestion';
import type { Sql } from '../database/database.ts';

interface ObjectRow {
  readonly type: CrmType;
  readonly externalId: string;
  readonly fields: CrmObject['fields'];
  readonly updatedAt: Date;
  readonly fileId: string;
}

const COLUMNS = `type, external_id as "externalId", fields, updated_at as "updatedAt", file_id as "fileId"`;

interface UnresolvedRow {
  readonly fromType: UnresolvedReference['from']['type'];
  readonly fromId: string;
  readonly callId: number | null;
  readonly field: string;
  readonly type: CrmType;
  readonly externalId: string;
}

const NOT_THERE = `not exists (
  select from crm_objects t where t.tenant_id = r.tenant_id and t.type = r.to_type and t.external_id = r.to_id)`;

const UNRESOLVED_CALLS = `
  select 'calls' as "fromType", r.call_key as "fromId", c.call_id as "callId", r.field, r.to_type as type,
         r.to_id as "externalId"
    from crm_call_references r join calls c on c.tenant_id = r.tenant_id and c.call_key = r.call_key
   where r.tenant_id = $1 and (r.call_key, r.field) > ($2, $3) and ${NOT_THERE}
   order by r.call_key, r.field limit $4`;

const UNRESOLVED_OBJECTS = `
  select o.type as "fromType", o.external_id as "fromId", null as "callId", r.field, r.to_type as type,
         r.to_id as "externalId"
    from crm_objects o, lateral (
           select o.tenant_id, key as field, value as to_id, t.type as to_type
             from jsonb_each_text(o.refs), unnest($5::text[], $6::text[]) as t(field, type)
            where value is not null and t.field = key) r
   where o.tenant_id = $1 and (o.type, o.external_id, r.field) > ($2, $3, $4) and o.refs is not null and ${NOT_THERE}
   order by o.type, o.external_id, r.field limit $7`;

export function createCrmReader(db: Sql): CrmReader {
  return {
    async listObjects(tenantId, type, { limit, cursor }) {
      const rows = await db.query<ObjectRow>(
        `select ${COLUMNS} from crm_objects where tenant_id = $1 and type = $2 and external_id > $3
          order by external_id limit $4`,
        [tenantId, type, cursor ?? '', limit + 1],
      );
      const toObject = await objectViewer(db, tenantId, rows);
      return toPage(rows, limit, toObject, (row) => row.externalId);
    },

    async findObject(tenantId, type, externalId) {
      const rows = await db.query<ObjectRow>(
        `select ${COLUMNS} from crm_objects where tenant_id = $1 and type = $2 and external_id = $3`,
        [tenantId, type, canonicalExternalId(externalId)],
      );
      const toObject = await objectViewer(db, tenantId, rows);
      return rows[0] ? toObject(rows[0]) : null;
    },

    async listUnresolved(tenantId, { limit, cursor }) {
      const [fromType, fromId, field] = cursor ?? ['calls', '', ''];
      const rows =
        fromType === 'calls'
          ? await db.query<UnresolvedRow>(UNRESOLVED_CALLS, [tenantId, fromId, field, limit + 1])
          : [];
      const left = limit + 1 - rows.length;
      if (left > 0) {
        const after = fromType === 'calls' ? ['', '', ''] : [fromType, fromId, field];
        rows.push(
          ...(await db.query<UnresolvedRow>(UNRESOLVED_OBJECTS, [
            ...[tenantId, ...after, Object.keys(CRM_REFERENCES), Object.values(CRM_REFERENCES), left],
          ])),
        );
      }
      return toPage(
        rows,
        limit,
        ({ fromType: type, fromId: id, callId, ...row }): UnresolvedReference => ({
          from: { type, id, callId },
          ...{ field: row.field, type: row.type, externalId: row.externalId },
        }),
        (row) => [row.fromType, row.fromId, row.field],
      );
    },
  };
}

const keyOf = ({ type, externalId }: Pick<CrmReference, 'type' | 'externalId'>): string =>
  `${type} ${externalId}`;

/** The objects that are here, of those referred to, by `keyOf`. */
async function findReferred(
  sql: Sql,
  tenantId: string,
  references: readonly CrmReference[],
): Promise<Map<string, ObjectRow>> {
  const wanted = [...new Map(references.map((reference) => [keyOf(reference), reference])).values()];
  if (wanted.length === 0) return new Map();
  // The limit keeps each a look-up by key: joined, all objects of a tenant may be read for a few.
  const rows = await sql.query<ObjectRow>(
    `select object.* from unnest($2::text[], $3::text[]) as wanted(type, external_id),
       lateral (select ${COLUMNS} from crm_objects
                 where tenant_id = $1 and crm_objects.type = wanted.type
                   and crm_objects.external_id = wanted.external_id limit 1) as object`,
    [tenantId, wanted.map(({ type }) => type), wanted.map(({ externalId }) => externalId)],
  );
  return new Map(rows.map((row) => [keyOf(row), row]));
}

async function objectViewer(
  sql: Sql,
  tenantId: string,
  rows: readonly ObjectRow[],
): Promise<(row: ObjectRow) => CrmObject> {
  const ofRow = (row: ObjectRow): CrmReference[] =>
    crmReferencesOf(row.fields).filter((reference) => reference.type !== row.type);
  const found = await findReferred(sql, tenantId, rows.flatMap(ofRow));
  return (row) => ({
    ...row,
    updatedAt: row.updatedAt.toISOString(),
    references: Object.fromEntries(
      ofRow(row).map((to): [string, CrmReferenceView] => [
        to.field,
        { type: to.type, externalId: to.externalId, isResolved: found.has(keyOf(to)) },
      ]),
    ),
  });
}

/**
 * The calls with the fields of today of the objects that they refer to. Read, never stored: a CRM file makes no
 * revision of a call. Source: C26.
 */
export async function withCrm<T extends Pick<Call, 'fields'>>(
  sql: Sql,
  tenantId: string,
  calls: readonly T[],
): Promise<(T & Pick<Call, 'crm'>)[]> {
  const references = calls.map(({ fields }) => crmReferencesOf(fields));
  const found = await findReferred(sql, tenantId, references.flat());
  return calls.map((call, index) => ({
    ...call,
    crm: Object.fromEntries(
      (references[index] ?? []).map(({ field, type, externalId }): [string, Call['crm'][string]] => {
        const object = found.get(keyOf({ type, externalId }));
        const fields = object?.fields ?? {};
        const updatedAt = object?.updatedAt.toISOString() ?? null;
        return [field, { type, externalId, isResolved: object !== undefined, fields, updatedAt }];
      }),
    ),
  }));
}
