import { fileRejected, folderOf, type Outcome, STEP_SENTENCES, stateOf } from '@callbay/core';
import { wakeWaitingCalls } from '../calls/save-facts.ts';
import { freeNameFor } from '../calls/save-verdicts.ts';
import { textSql } from '../database/constants.ts';
import type { Sql } from '../database/database.ts';
import { publishEvents } from '../events/publish-events.ts';

/**
 * Gives an archive, a trigger or a list its outcome, with a step of its story. The calls that waited for it to be read are made
 * due. A rejection publishes an event, which takes the tenant's counter: nothing but the commit may follow it.
 */
export async function endBundleFile(
  tx: Sql,
  tenantId: string,
  fileId: string,
  { code, message, fix }: Outcome,
  sha256: string | null = null,
): Promise<void> {
  const state = stateOf(code);
  const folder = folderOf(state);
  const [file] = await tx.query<{ name: string; place: number }>(
    'SELECT name, coalesce(replay_seq, receive_seq) AS place FROM files WHERE tenant_id = $1 AND id = $2',
    [tenantId, fileId],
  );
  if (file === undefined) return;
  const { name, place } = file;
  const shownName = folder === 'data' ? name : await freeNameFor(tx, tenantId, folder, { id: fileId, name });
  await tx.execute(
    `WITH ended AS (
       UPDATE files SET kind = 'bundle', sha256 = coalesce($9, sha256), classified_at = callbay_now(), state = $3,
              outcome_code = $4, outcome_message = $5, outcome_fix = $6, outcome_at = callbay_now(), folder = $7,
              shown_name = $8, call_key = 'stem:' || stem, fact_issues = '[]', read_again_at = NULL
        WHERE tenant_id = $1 AND id = $2
       RETURNING id
     )
     INSERT INTO file_steps (tenant_id, file_id, at, step, code, message, detail, dedupe)
     SELECT $1, id, callbay_now(), n.step, n.code, n.message, '{}', gen_random_uuid()::text
       FROM ended, (VALUES ('classified', NULL, ${textSql(STEP_SENTENCES.read)}), ($3, $4, $5)) AS n(step, code, message)`,
    [tenantId, fileId, state, code, message, fix, folder, shownName, sha256],
    'end-bundle-file',
  );
  const waiting = await wakeWaitingCalls(tx, tenantId, [place]);
  if (waiting.length > 0)
    await tx.execute('UPDATE calls SET due_at = callbay_now() WHERE tenant_id = $1 AND call_key = ANY($2)', [
      tenantId,
      waiting,
    ]);
  if (state === 'rejected')
    await publishEvents(tx, tenantId, [
      { ...fileRejected({ fileId, name, code, message, fix }), callId: null },
    ]);
}
