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
    `select distinct on (kind) kind, version, fields, options from mapping_versions
      where tenant_id = $1 and kind <> 'call' order by kind, version desc`,
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
    `select i.file_id, f.name, case when f.purged_at is null then f.blob_key end as blob_key, f.size_bytes,
            f.received_at, i.place, f.withdrawn_seq is not null as is_withdrawn,
            exists (select from crm_objects where tenant_id = $1 and type = $2) as has_objects, callbay_now() as now,
            exists (select from files u where u.tenant_id = $1 and u.classified_at is null and u.state = 'received'
                       and u.ext = 'csv' and u.blob_key is not null and u.purged_at is null
                       and coalesce(u.replay_seq, u.receive_seq) < i.place) as is_blocked
       from crm_imports i join files f on f.tenant_id = i.tenant_id and f.id = i.file_id
      where not i.is_settled and i.tenant_id = $1 and i.type = $2 and i.state = 'waiting'
      order by i.place limit 1`,
    [tenantId, type],
    'next-crm-import',
  );
  if (row === undefined || row.is_blocked) return null;
  return {
    ...{ fileId: row.file_id, type, name: row.name, blobKey: row.blob_key, sizeBytes: row.size_bytes },
    ...{ receivedAt: row.received_at, isWithdrawn: row.is_withdrawn },
    mapping: (await findCrmMappings(sql, tenantId)).get(type) ?? null,
    timeZone: (await findNewestPolicy(sql, tenantId))?.timeZone ?? null,
    firstAt: row.has_objects ? null : row.now,
  };
}
