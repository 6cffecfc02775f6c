import { type CallDecision, crmReferencesOf } from '@callbay/core';
import type { Columns, RowOf } from '../database/bulk-rows.ts';
import type { Sql } from '../database/database.ts';

export const REFERENCE_COLUMNS = {
  call_key: 'text',
  field: 'text',
  to_type: 'text',
  to_id: 'text',
} as const satisfies Columns;

/** The CRM objects that complete calls refer to. */
export const referencesOf = (decisions: Iterable<CallDecision>): RowOf<typeof REFERENCE_COLUMNS>[] =>
  [...decisions].flatMap(({ callKey, revisions }) =>
    crmReferencesOf(revisions.at(-1)?.content.fields ?? {}).map(({ field, type, externalId }) => ({
      call_key: callKey,
      field,
      to_type: type,
      to_id: externalId,
    })),
  );

/** Notes which CRM objects complete calls refer to that have rows, whether those are here or not. Source: C26. */
export async function saveCallReferences(
  tx: Sql,
  tenantId: string,
  decisions: readonly CallDecision[],
): Promise<void> {
  const complete = decisions.filter((decision) => decision.revisions.length > 0);
  if (complete.length === 0) return;
  const references = referencesOf(complete);
  await tx.execute(
    `WITH n AS (
       SELECT * FROM jsonb_to_recordset($3::jsonb) AS n(call_key text, field text, to_type text, to_id text)
     ), gone AS (
       DELETE FROM crm_call_references r
        WHERE r.tenant_id = $1 AND r.call_key = ANY($2)
          AND NOT EXISTS (SELECT FROM n WHERE n.call_key = r.call_key AND n.field = r.field)
     )
     INSERT INTO crm_call_references (tenant_id, call_key, field, to_type, to_id)
     SELECT $1, n.call_key, n.field, n.to_type, n.to_id FROM n
         ON CONFLICT (tenant_id, call_key, field) DO UPDATE SET to_type = excluded.to_type, to_id = excluded.to_id
      WHERE crm_call_references.to_id <> excluded.to_id`,
    [tenantId, complete.map((decision) => decision.callKey), JSON.stringify(references)],
    'save-call-references',
  );
}
