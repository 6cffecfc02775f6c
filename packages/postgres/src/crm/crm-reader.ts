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

const COLUMNS = `type, external_id AS "externalId", fields, updated_at AS "updatedAt", file_id AS "fileId"`;

interface UnresolvedRow {
  readonly fromType: UnresolvedReference['from']['type'];
  readonly fromId: string;
  readonly callId: number | null;
  readonly field: string;
  readonly type: CrmType;
  readonly externalId: string;
}

const NOT_THERE = `NOT EXISTS (
  SELECT FROM crm_objects t WHERE t.tenant_id = r.tenant_id AND t.type = r.to_type AND t.external_id = r.to_id)`;

const UNRESOLVED_CALLS = `
  SELECT 'calls' AS "fromType", r.call_key AS "fromId", c.call_id AS "callId", r.field, r.to_type AS type,
         r.to_id AS "externalId"
    FROM crm_call_references r JOIN calls c ON c.tenant_id = r.tenant_id AND c.call_key = r.call_key
   WHERE r.tenant_id = $1 AND (r.call_key, r.field) > ($2, $3) AND ${NOT_THERE}
   ORDER BY r.call_key, r.field LIMIT $4`;

const UNRESOLVED_OBJECTS = `
  SELECT o.type AS "fromType", o.external_id AS "fromId", NULL AS "callId", r.field, r.to_type AS type,
         r.to_id AS "externalId"
    FROM crm_objects o, LATERAL (
           SELECT o.tenant_id, key AS field, value AS to_id, t.type AS to_type
             FROM jsonb_each_text(o.refs), unnest($5::text[], $6::text[]) AS t(field, type)
            WHERE value IS NOT NULL AND t.field = key) r
   WHERE o.tenant_id = $1 AND (o.type, o.external_id, r.field) > ($2, $3, $4) AND o.refs IS NOT NULL AND ${NOT_THERE}
   ORDER BY o.type, o.external_id, r.field LIMIT $7`;

export function createCrmReader(db: Sql): CrmReader {
  return {
    async listObjects(tenantId, type, { limit, cursor }) {
      const rows = await db.query<ObjectRow>(
        `SELECT ${COLUMNS} FROM crm_objects WHERE tenant_id = $1 AND type = $2 AND external_id > $3
          ORDER BY external_id LIMIT $4`,
        [tenantId, type, cursor ?? '', limit + 1],
      );
      const toObject = await objectViewer(db, tenantId, rows);
      return toPage(rows, limit, toObject, (row) => row.externalId);
    },

    async findObject(tenantId, type, externalId) {
      const rows = await db.query<ObjectRow>(
        `SELECT ${COLUMNS} FROM crm_objects WHERE tenant_id = $1 AND type = $2 AND external_id = $3`,
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
            tenantId,
            ...after,
            Object.keys(CRM_REFERENCES),
            Object.values(CRM_REFERENCES),
            left,
          ])),
        );
      }
      return toPage(
        rows,
        limit,
        ({ fromType: type, fromId: id, callId, ...row }): UnresolvedReference => ({
          from: { type, id, callId },
          field: row.field,
          type: row.type,
          externalId: row.externalId,
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
    `SELECT object.* FROM unnest($2::text[], $3::text[]) AS wanted(type, external_id),
       LATERAL (SELECT ${COLUMNS} FROM crm_objects
                 WHERE tenant_id = $1 AND crm_objects.type = wanted.type
                   AND crm_objects.external_id = wanted.external_id LIMIT 1) AS object`,
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
