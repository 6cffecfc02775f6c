import { JsonText } from '@callbay/contracts';
import { type CrmReference, type CrmType, crmReferencesOf, type FieldValue } from '@callbay/core';
import type { CallCrmRow } from '@callbay/ingestion';
import type { Sql } from '../database/database.ts';

/** Larger objects stand in lists of calls without their fields: one may be referred to by all calls of a page. */
const OBJECT_BYTES = 64 * 1024;

interface ObjectRow {
  readonly type: CrmType;
  readonly externalId: string;
  readonly updatedAt: Date;
  readonly fields: string | null;
  readonly bytes: number;
}

/** Null where the content of the call was left out. */
interface Referring {
  readonly references: Readonly<Record<string, FieldValue>> | null;
}

/**
 * Of each call, the fields of today of the objects that it refers to. Read, never stored: a CRM file makes no revision of
 * a call. Source: C26.
 */
export async function crmOfCalls(
  sql: Sql,
  tenantId: string,
  calls: readonly Referring[],
  options: { readonly omitsLarge: boolean },
): Promise<Record<string, CallCrmRow>[]> {
  const references = calls.map((call) => crmReferencesOf(call.references ?? {}));
  const found = await findObjects(sql, tenantId, references.flat(), options);
  return references.map((ofCall) =>
    Object.fromEntries(ofCall.map((reference) => [reference.field, viewOf(reference, found)])),
  );
}

function viewOf({ type, externalId }: CrmReference, found: ReadonlyMap<string, ObjectRow>): CallCrmRow {
  const object = found.get(keyOf({ type, externalId }));
  if (object === undefined) {
    return { type, externalId, isResolved: false, fields: new JsonText('{}'), bytes: 0, updatedAt: null };
  }
  return {
    type,
    externalId,
    isResolved: true,
    fields: object.fields === null ? null : new JsonText(object.fields),
    bytes: object.bytes,
    updatedAt: object.updatedAt.toISOString(),
  };
}

export const keyOf = ({ type, externalId }: Pick<CrmReference, 'type' | 'externalId'>): string =>
  `${type} ${externalId}`;

/** Each object once, however many references name it. */
export const distinctOf = (references: readonly CrmReference[]): CrmReference[] => [
  ...new Map(references.map((reference) => [keyOf(reference), reference])).values(),
];

/** The objects that are here, of those referred to, by `keyOf`. */
async function findObjects(
  sql: Sql,
  tenantId: string,
  references: readonly CrmReference[],
  { omitsLarge }: { readonly omitsLarge: boolean },
): Promise<Map<string, ObjectRow>> {
  const wanted = distinctOf(references);
  if (wanted.length === 0) return new Map();
  // The limit keeps each a look-up by key: joined, all objects of a tenant may be read for a few. What is larger as it
  // is stored is larger as text.
  const rows = await sql.query<ObjectRow>(
    `SELECT object.* FROM unnest($2::text[], $3::text[]) AS wanted(type, external_id),
       LATERAL (SELECT type, external_id AS "externalId", updated_at AS "updatedAt", pg_column_size(fields) AS bytes,
                       CASE WHEN $4::int IS NULL THEN fields::text
                            WHEN pg_column_size(fields) > $4 THEN NULL
                            WHEN octet_length(fields::text) > $4 THEN NULL
                            ELSE fields::text END AS fields
                  FROM crm_objects
                 WHERE tenant_id = $1 AND crm_objects.type = wanted.type
                   AND crm_objects.external_id = wanted.external_id LIMIT 1) AS object`,
    [
      tenantId,
      wanted.map(({ type }) => type),
      wanted.map(({ externalId }) => externalId),
      omitsLarge ? OBJECT_BYTES : null,
    ],
  );
  return new Map(rows.map((row) => [keyOf(row), row]));
}
