import type { CrmHeader } from '@callbay/core';
import type { CrmMappingReader } from '@callbay/ingestion';
import type { Database } from '../database/database.ts';
import { findCrmMappings } from './crm-lines.ts';
import { KEPT_COLUMNS } from './end-import.ts';

export function createCrmMappingReader(db: Database): CrmMappingReader {
  return {
    findMappings: (tenantId) => findCrmMappings(db, tenantId),

    async findHeaders(tenantId, type, limit) {
      const rows = await db.query<Omit<CrmHeader, 'isCut'>>(
        `select report -> 'columns' as columns, coalesce((report ->> 'rows')::bigint, 0) as rows from crm_imports
          where is_settled in (true, false) and tenant_id = $1 and type = $2 and state <> 'waiting'
            and jsonb_typeof(report -> 'columns') = 'array' and report -> 'columns' <> '[]'
          order by place desc limit $3`,
        [tenantId, type, limit],
      );
      return rows.map(({ columns, rows: count }) => ({
        ...{ columns, rows: count, isCut: columns.length >= KEPT_COLUMNS },
      }));
    },
  };
}
