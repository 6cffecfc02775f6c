import { type CallDecision, crmReferencesOf } from '@callbay/core';
import type { Sql } from '../database/database.ts';

/** Notes which CRM objects complete calls refer to, whether those are here or not. Source: C26. */
export async function saveCallReferences(
  tx: Sql,
  tenantId: string,
  decisions: readonly CallDecision[],
): Promise<void> {
  const complete = decisions.filter((decision) => decision.revisions.length > 0);
  if (complete.length === 0) return;
  const references = complete.flatMap((decision) =>
    crmReferencesOf(decision.revisions.at(-1)!.content.fields).map(({ field, type, externalId }) => ({
      ...{ call_key: decision.callKey, field, to_type: type, to_id: externalId },
    })),
  );
  await tx.execute(
    `with n as (
       select * from jsonb_to_recordset($3::jsonb) as n(call_key text, field text, to_type text, to_id text)
     ), gone as (
       delete from crm_call_references r
        where r.tenant_id = $1 and r.call_key = any($2)
          and not exists (select from n where n.call_key = r.call_key and n.field = r.field)
     )
     insert into crm_call_references (tenant_id, call_key, field, to_type, to_id)
     select $1, n.call_key, n.field, n.to_type, n.to_id from n
         on conflict (tenant_id, call_key, field) do update set to_type = excluded.to_type, to_id = excluded.to_id
      where crm_call_references.to_id <> excluded.to_id`,
    [tenantId, complete.map((decision) => decision.callKey), JSON.stringify(references)],
  );
}
