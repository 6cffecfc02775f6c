import type { Policy } from '@callbay/core';
import type { PolicyReader } from '@callbay/ingestion';
import type { Database } from '../database.ts';

export function createPolicyReader(db: Database): PolicyReader {
  return {
    async findPolicy(tenantId) {
      const [row] = await db.query<{ policy: Policy }>(
        'SELECT policy FROM tenant_policies WHERE tenant_id = $1 ORDER BY version DESC LIMIT 1',
        [tenantId],
      );
      return row?.policy ?? null;
    },
  };
}
