import { STEP_SENTENCES } from '@callbay/core';
import type { CrmFileFacts } from '@callbay/ingestion';
import { keyOfStem } from '../calls/facts-of-rows.ts';
import { wakeWaitingCalls } from '../calls/save-facts.ts';
import { textSql } from '../database/constants.ts';
import type { Sql } from '../database/database.ts';

/** See `CrmStore.saveCrmFile`. */
export async function saveCrmFile(
  tx: Sql,
  tenantId: string,
  fileId: string,
  { type, sha256, warnings }: CrmFileFacts,
): Promise<string[]> {
  const [row] = await tx.query<{ place: number }>(
    `WITH read AS (
       UPDATE files SET kind = 'crm', sha256 = $3, fact_issues = '[]', fact_warnings = $4::jsonb, warnings = $4::jsonb,
              media = NULL, classified_at = callbay_now(), call_key = NULL
        WHERE tenant_id = $1 AND id = $2 AND classified_at IS NULL
       RETURNING id, coalesce(replay_seq, receive_seq) AS place
     ), line AS (
       INSERT INTO crm_imports (tenant_id, file_id, type, place) SELECT $1, id, $5, place FROM read
       ON CONFLICT (tenant_id, file_id) DO UPDATE SET type = excluded.type, place = excluded.place, state = 'waiting',
          attempts = 0, is_settled = FALSE, report = '{}', finished_at = NULL
     ), step AS (
       INSERT INTO file_steps (tenant_id, file_id, at, step, code, message, detail, dedupe)
       SELECT $1, id, callbay_now(), 'classified', NULL, ${textSql(STEP_SENTENCES.crmInLine)},
              jsonb_build_object('kind', 'crm', 'type', $5::text, 'sha256', $3::text), gen_random_uuid()::text FROM read
     )
     SELECT place FROM read`,
    [tenantId, fileId, sha256, JSON.stringify(warnings), type],
    'save-crm-file',
  );
  if (row === undefined) return [];
  // A file of another kind before it was replayed left records, which no call may keep.
  const left = await tx.query<{ stem: string }>(
    'DELETE FROM call_records WHERE tenant_id = $1 AND file_id = $2 RETURNING coalesce(named_stem, stem) AS stem',
    [tenantId, fileId],
  );
  const waiting = await wakeWaitingCalls(tx, tenantId, [row.place]);
  return [...left.map(({ stem }) => keyOfStem(stem)), ...waiting];
}
