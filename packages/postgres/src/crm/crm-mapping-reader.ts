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
        `SELECT report -> 'columns' AS columns, coalesce((report ->> 'rows')::bigint, 0) AS rows FROM crm_imports
          WHERE is_settled IN (TRUE, FALSE) AND tenant_id = $1 AND type = $2 AND state <> 'waiting'
            AND jsonb_typeof(report -> 'columns') = 'array' AND report -> 'columns' <> '[]'
          ORDER BY place DESC LIMIT $3`,
        [tenantId, type, limit],
      );
      return rows.map(({ columns, rows: count }) => ({
        columns,
        rows: count,
        isCut: columns.length >= KEPT_COLUMNS,
      }));
    },
  };
}
