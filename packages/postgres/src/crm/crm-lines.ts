import {
  type CrmMapping,
  type CrmType,
  type FieldMapping,
  isCrmType,
  type MappingOptions,
} from '@callbay/core';
import type { CrmImport } from '@callbay/ingestion';
import type { Sql } from '../database/database.ts';
import { findNewestPolicy } from '../tenants/newest-policy.ts';

/** The newest published version of each CRM mapping; one without fields takes the type's mapping back. */
export async function findCrmMappings(sql: Sql, tenantId: string): Promise<Map<CrmType, CrmMapping>> {
  const rows = await sql.query<{
    kind: string;
    version: number;
    fields: FieldMapping[];
    options: MappingOptions;
  }>(
    `SELECT DISTINCT ON (kind) kind, version, fields, options FROM mapping_versions
      WHERE tenant_id = $1 AND kind <> 'call' ORDER BY kind, version DESC`,
    [tenantId],
    'crm-mappings',
  );
  return new Map(
    rows.flatMap(({ kind, ...mapping }): [CrmType, CrmMapping][] =>
      isCrmType(kind) && mapping.fields.length > 0 ? [[kind, mapping]] : [],
    ),
  );
}

interface LineRow {
  readonly file_id: string;
  readonly name: string;
  readonly blob_key: string | null;
  readonly size_bytes: number;
  readonly received_at: Date;
  readonly place: number;
  readonly is_withdrawn: boolean;
  readonly rereads: number;
  readonly is_blocked: boolean;
  readonly has_objects: boolean;
  readonly now: Date;
}

/**
 * The first file in line of one type, or null where none waits or where a file that came before it is not read yet: it may
 * be of the same type, and files of one type are applied strictly in receive order. Source: case 85.
 */
export async function findNextImport(sql: Sql, tenantId: string, type: CrmType): Promise<CrmImport | null> {
  const [row] = await sql.query<LineRow>(
    `SELECT i.file_id, f.name, CASE WHEN f.purged_at IS NULL THEN f.blob_key END AS blob_key, f.size_bytes,
            f.received_at, i.place, f.withdrawn_seq IS NOT NULL AS is_withdrawn, f.rereads,
            EXISTS (SELECT FROM crm_objects WHERE tenant_id = $1 AND type = $2) AS has_objects, callbay_now() AS now,
            EXISTS (SELECT FROM files u WHERE u.tenant_id = $1 AND u.classified_at IS NULL AND u.state = 'received'
                       AND u.ext = 'csv' AND u.blob_key IS NOT NULL AND u.purged_at IS NULL
                       AND coalesce(u.replay_seq, u.receive_seq) < i.place) AS is_blocked
       FROM crm_imports i JOIN files f ON f.tenant_id = i.tenant_id AND f.id = i.file_id
      WHERE NOT i.is_settled AND i.tenant_id = $1 AND i.type = $2 AND i.state = 'waiting'
      ORDER BY i.place LIMIT 1`,
    [tenantId, type],
    'next-crm-import',
  );
  if (row === undefined || row.is_blocked) return null;
  const policy = await findNewestPolicy(sql, tenantId);
  return {
    fileId: row.file_id,
    type,
    name: row.name,
    blobKey: row.blob_key,
    sizeBytes: row.size_bytes,
    receivedAt: row.received_at,
    isWithdrawn: row.is_withdrawn,
    rereads: row.rereads,
    mapping: (await findCrmMappings(sql, tenantId)).get(type) ?? null,
    timeZone: policy?.timeZone ?? null,
    encoding: policy?.settings.encoding ?? null,
    firstAt: row.has_objects ? null : row.now,
  };
}
