import type { ReplayStore } from '@callbay/ingestion';
import { audit } from '../admin/audit.ts';
import { type Database, transact } from '../database.ts';
import { keyOfStem } from './load-facts.ts';

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
        const rows = await tx.query<{ id: string }>(
          `with position as (
             update tenant_counters set value = value + 1 where tenant_id = $1 and name = 'receive' returning value
           )
           update files set replay_seq = (select value from position), classified_at = null, classify_attempts = 0,
                  judged_policy = null, state = 'received', outcome_code = null, outcome_message = null,
                  outcome_fix = null, outcome_at = null, folder = 'data', shown_name = name
            where tenant_id = $1 and id = $2 and state in ('held', 'rejected') and coalesce(outcome_code, '') not in ('READY', 'CRM_PENDING')
              and purged_at is null and blob_key is not null and withdrawn_seq is null
          returning id`,
          [tenantId, fileId],
        );
        if (rows.length === 0) return 'not_replayable';
        await tx.execute(
          `insert into file_steps (tenant_id, file_id, at, step, code, message, detail, dedupe)
           values ($1, $2, callbay_now(), 'replayed', null, 'The file is read and judged again.', $3::jsonb, gen_random_uuid()::text)`,
          [tenantId, fileId, JSON.stringify({ actor: by.name })],
        );
        await audit(tx, by, { tenantId, action: 'file.replay', target: fileId });
        return 'replayed';
      }),
  };
}
