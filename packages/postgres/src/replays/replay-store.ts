import type { ReplayStore } from '@callbay/ingestion';
import { audit } from '../access/audit.ts';
import { keyOfStem } from '../calls/load-facts.ts';
import { type Database, type Sql, transact } from '../database/database.ts';

export function createReplayStore(db: Database): ReplayStore {
  return {
    replayFile: (tenantId, fileId, by) =>
      transact(db, async (tx) => {
        const [found] = await tx.query<{ stem: string }>(
          'select stem from files where tenant_id = $1 and id = $2',
          [tenantId, fileId],
        );
        if (!found) return null;
        await tx.query('select 1 from calls where tenant_id = $1 and call_key = $2 for update', [
          tenantId,
          keyOfStem(found.stem),
        ]);
        const isAgain =
          (await judgeHeldAgain(tx, tenantId, fileId, keyOfStem(found.stem))) ||
          (await readRejectedAgain(tx, tenantId, fileId));
        if (!isAgain) return 'not_replayable';
        await tx.execute(
          `insert into file_steps (tenant_id, file_id, at, step, code, message, detail, dedupe)
           values ($1, $2, callbay_now(), 'replayed', null, 'The file is judged again.', $3::jsonb, gen_random_uuid()::text)`,
          [tenantId, fileId, JSON.stringify({ actor: by.name })],
        );
        await audit(tx, by, { tenantId, action: 'file.replay', target: fileId });
        return 'replayed';
      }),
  };
}

const MAY_BE_REPLAYED = `tenant_id = $1 and id = $2 and coalesce(outcome_code, '') not in ('READY', 'CRM_PENDING') and purged_at is null
  and blob_key is not null and withdrawn_seq is null`;

/**
 * A held file is open as it is, so that its call only has to be decided again, which the sweep of due calls does. In
 * another place it would let what was refused because of it go first; unread in its own, it would unmake what came
 * later.
 */
async function judgeHeldAgain(tx: Sql, tenantId: string, fileId: string, callKey: string): Promise<boolean> {
  const rows = await tx.query(`select 1 from files where ${MAY_BE_REPLAYED} and state = 'held'`, [
    tenantId,
    fileId,
  ]);
  if (rows.length === 0) return false;
  await tx.execute('update calls set due_at = callbay_now() where tenant_id = $1 and call_key = $2', [
    tenantId,
    callKey,
  ]);
  return true;
}

async function readRejectedAgain(tx: Sql, tenantId: string, fileId: string): Promise<boolean> {
  const rows = await tx.query(
    `with position as (
       update tenant_counters set value = value + 1 where tenant_id = $1 and name = 'receive' returning value
     )
     update files set replay_seq = (select value from position), classified_at = null, classify_attempts = 0,
            judged_policy = null, state = 'received', outcome_code = null, outcome_message = null,
            outcome_fix = null, outcome_at = null, folder = 'data', shown_name = name
      where ${MAY_BE_REPLAYED} and state = 'rejected'
    returning id`,
    [tenantId, fileId],
  );
  return rows.length > 0;
}
