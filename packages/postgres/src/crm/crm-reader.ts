import {
  type CrmReferenceView,
  JsonText,
  pageOf,
  toPage,
  type UnresolvedReference,
} from '@callbay/contracts';
import {
  CRM_REFERENCES,
  type CrmReference,
  type CrmType,
  canonicalExternalId,
  crmReferencesOf,
  type FieldValue,
} from '@callbay/core';
import type { CrmObjectRow, CrmReader } from '@callbay/ingestion';
import type { Sql } from '../database/database.ts';
import { queryPage, selectOf } from '../database/page.ts';
import { distinctOf, keyOf } from './call-crm.ts';

interface ObjectRow {
  readonly type: CrmType;
  readonly externalId: string;
  readonly fields: string;
  readonly references: Readonly<Record<string, FieldValue>>;
  readonly updatedAt: Date;
  readonly fileId: string;
}

const LIGHT_COLUMNS = {
  type: 'type',
  externalId: 'external_id',
  updatedAt: 'updated_at',
  fileId: 'file_id',
} as const;

const REFERENCES = `jsonb_build_object(${Object.keys(CRM_REFERENCES)
  .map((field) => `'${field}', fields -> '${field}'`)
  .join(', ')})`;

const WHOLE_OBJECT = [
  selectOf(LIGHT_COLUMNS),
  'fields::text AS fields',
  `${REFERENCES} AS "references"`,
].join(', ');

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
      const page = await queryPage<ObjectRow>(db, {
        light: LIGHT_COLUMNS,
        heavy: { fields: 'fields' },
        derived: { references: REFERENCES },
        limit,
        omitsLarge: false,
        statement: (select, rows) => ({
          text: `SELECT ${select} FROM crm_objects WHERE tenant_id = $1 AND type = $2 AND external_id > $3
                  ORDER BY external_id LIMIT ${rows}`,
          values: [tenantId, type, cursor ?? ''],
        }),
      });
      return pageOf(page, await objectViewer(db, tenantId, page.rows), (row) => row.externalId);
    },

    async findObject(tenantId, type, externalId) {
      const rows = await db.query<ObjectRow>(
        `SELECT ${WHOLE_OBJECT} FROM crm_objects WHERE tenant_id = $1 AND type = $2 AND external_id = $3`,
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

/** Which of the objects referred to are here, by `keyOf`. */
async function findPresent(
  sql: Sql,
  tenantId: string,
  references: readonly CrmReference[],
): Promise<ReadonlySet<string>> {
  const wanted = distinctOf(references);
  if (wanted.length === 0) return new Set();
  const rows = await sql.query<Pick<CrmReference, 'type' | 'externalId'>>(
    `SELECT object.* FROM unnest($2::text[], $3::text[]) AS wanted(type, external_id),
       LATERAL (SELECT type, external_id AS "externalId" FROM crm_objects
                 WHERE tenant_id = $1 AND crm_objects.type = wanted.type
                   AND crm_objects.external_id = wanted.external_id LIMIT 1) AS object`,
    [tenantId, wanted.map(({ type }) => type), wanted.map(({ externalId }) => externalId)],
  );
  return new Set(rows.map(keyOf));
}

async function objectViewer(
  sql: Sql,
  tenantId: string,
  rows: readonly ObjectRow[],
): Promise<(row: ObjectRow) => CrmObjectRow> {
  const ofRow = (row: ObjectRow): CrmReference[] =>
    crmReferencesOf(row.references).filter((reference) => reference.type !== row.type);
  const present = await findPresent(sql, tenantId, rows.flatMap(ofRow));
  return (row) => ({
    type: row.type,
    externalId: row.externalId,
    fields: new JsonText(row.fields),
    updatedAt: row.updatedAt.toISOString(),
    fileId: row.fileId,
    references: Object.fromEntries(
      ofRow(row).map((to): [string, CrmReferenceView] => [
        to.field,
        { type: to.type, externalId: to.externalId, isResolved: present.has(keyOf(to)) },
      ]),
    ),
  });
}
