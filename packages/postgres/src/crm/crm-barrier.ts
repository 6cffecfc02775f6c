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
      `select (select file_id from crm_imports where not is_settled and tenant_id = $1 and state = 'waiting' limit 1)
                as import_id,
              (select jsonb_agg(u) from (
                 select id, name from files
                  where tenant_id = $1 and classified_at is null and state = 'received' and ext = 'csv'
                    and blob_key is not null and purged_at is null and withdrawn_seq is null
                  order by receive_seq limit ${MAX_UNREAD}) u) as unread`,
      [tenantId],
      'crm-line',
    );
    const unread = line?.unread?.find(({ name }) => crmTypeOfName(name, settings) !== null);
    const held =
      line && line.import_id !== null
        ? await tx.query(
            `select from crm_imports where tenant_id = $1 and file_id = $2 and state = 'waiting' for share`,
            [tenantId, line.import_id],
            'hold-crm-import',
          )
        : unread !== undefined
          ? await tx.query(
              'select from files where tenant_id = $1 and id = $2 and classified_at is null for share',
              [tenantId, unread.id],
              'hold-unread-crm',
            )
          : null;
    if (held === null) return false;
    if (held.length > 0) return true;
  }
}
