import type { CrmFileFacts } from '@callbay/ingestion';
import { wakeWaitingCalls } from '../calls/file-store.ts';
import { keyOfStem } from '../calls/load-facts.ts';
import type { Sql } from '../database/database.ts';

/** See `CrmStore.saveCrmFile`. */
export async function saveCrmFile(
  tx: Sql,
  tenantId: string,
  fileId: string,
  { type, sha256, warnings }: CrmFileFacts,
): Promise<string[]> {
  const [row] = await tx.query<{ place: number }>(
    `with read as (
       update files set kind = 'crm', sha256 = $3, fact_issues = '[]', fact_warnings = $4::jsonb, warnings = $4::jsonb,
              media = null, classified_at = callbay_now(), call_key = null
        where tenant_id = $1 and id = $2 and classified_at is null
       returning id, coalesce(replay_seq, receive_seq) as place
     ), line as (
       insert into crm_imports (tenant_id, file_id, type, place) select $1, id, $5, place from read
       on conflict (tenant_id, file_id) do update set type = excluded.type, place = excluded.place, state = 'waiting',
          attempts = 0, is_settled = false, report = '{}', finished_at = null
     ), step as (
       insert into file_steps (tenant_id, file_id, at, step, code, message, detail, dedupe)
       select $1, id, callbay_now(), 'classified', null, 'The file holds CRM objects and is in line to be imported.',
              jsonb_build_object('kind', 'crm', 'type', $5::text, 'sha256', $3::text), gen_random_uuid()::text from read
     )
     select place from read`,
    [tenantId, fileId, sha256, JSON.stringify(warnings), type],
    'save-crm-file',
  );
  if (row === undefined) return [];
  // A file of another kind before it was replayed left records, which no call may keep.
  const left = await tx.query<{ stem: string }>(
    'delete from call_records where tenant_id = $1 and file_id = $2 returning coalesce(named_stem, stem) as stem',
    [tenantId, fileId],
  );
  const waiting = await wakeWaitingCalls(tx, tenantId, row.place);
  return [...left.map(({ stem }) => keyOfStem(stem)), ...waiting];
}
