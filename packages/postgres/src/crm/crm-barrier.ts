import { crmTypeOfName, type TenantSettings } from '@callbay/core';
import type { Sql } from '../database/database.ts';

/** More CSVs than these that nobody has read hold back what came after them all the same. */
const MAX_UNREAD = 500;

/**
 * Whether any CRM file of the tenant is received and not finished. The row that says so is held as it is until the
 * transaction ends, so that whoever finishes it then sees which calls wait. A CSV that nobody has read counts where its
 * name says that it is one. Source: C26, case 79.
 */
export async function holdCrmLine(tx: Sql, tenantId: string, settings: TenantSettings): Promise<boolean> {
  if (settings.crmWaitSeconds === 0) return false;
  for (;;) {
    const [line] = await tx.query<{
      import_id: string | null;
      unread: { id: string; name: string }[] | null;
    }>(
      `SELECT (SELECT file_id FROM crm_imports WHERE NOT is_settled AND tenant_id = $1 AND state = 'waiting' LIMIT 1)
                AS import_id,
              (SELECT jsonb_agg(u) FROM (
                 SELECT id, name FROM files
                  WHERE tenant_id = $1 AND classified_at IS NULL AND state = 'received' AND ext = 'csv'
                    AND blob_key IS NOT NULL AND purged_at IS NULL AND withdrawn_seq IS NULL
                  ORDER BY receive_seq LIMIT ${MAX_UNREAD}) u) AS unread`,
      [tenantId],
      'crm-line',
    );
    const unread = line?.unread?.find(({ name }) => crmTypeOfName(name, settings) !== null);
    const held =
      line && line.import_id !== null
        ? await tx.query(
            `SELECT FROM crm_imports WHERE tenant_id = $1 AND file_id = $2 AND state = 'waiting' FOR SHARE`,
            [tenantId, line.import_id],
            'hold-crm-import',
          )
        : unread !== undefined
          ? await tx.query(
              'SELECT FROM files WHERE tenant_id = $1 AND id = $2 AND classified_at IS NULL FOR SHARE',
              [tenantId, unread.id],
              'hold-unread-crm',
            )
          : null;
    if (held === null) return false;
    if (held.length > 0) return true;
  }
}
