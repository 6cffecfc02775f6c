import { STEP_SENTENCES } from '@callbay/core';
import type { ReplayStore } from '@callbay/ingestion';
import { audit } from '../access/audit.ts';
import { keyOfStem } from '../calls/facts-of-rows.ts';
import { textSql } from '../database/constants.ts';
import { type Database, type Sql, transact } from '../database/database.ts';
import { isCompleteHoldSql, isSetAsideSql } from '../database/state-conditions.ts';
import { OPEN_AGAIN } from './reopen-files.ts';

export function createReplayStore(db: Database): ReplayStore {
  return {
    replayFile: (tenantId, fileId, by) =>
      transact(db, async (tx) => {
        const [found] = await tx.query<{ stem: string }>(
          'SELECT stem FROM files WHERE tenant_id = $1 AND id = $2',
          [tenantId, fileId],
        );
        if (!found) return null;
        await tx.query('SELECT 1 FROM calls WHERE tenant_id = $1 AND call_key = $2 FOR UPDATE', [
          tenantId,
          keyOfStem(found.stem),
        ]);
        const isAgain =
          (await judgeHeldAgain(tx, tenantId, fileId, keyOfStem(found.stem))) ||
          (await readAgain(tx, tenantId, fileId));
        if (!isAgain) return 'not_replayable';
        await tx.execute(
          `INSERT INTO file_steps (tenant_id, file_id, at, step, code, message, detail, dedupe)
           VALUES ($1, $2, callbay_now(), 'replayed', NULL, ${textSql(STEP_SENTENCES.judgedAgain)}, $3::jsonb, gen_random_uuid()::text)`,
          [tenantId, fileId, JSON.stringify({ actor: by.name })],
        );
        await audit(tx, by, { tenantId, action: 'file.replay', target: fileId });
        return 'replayed';
      }),
  };
}

const MAY_BE_REPLAYED = `tenant_id = $1 AND id = $2 AND NOT ${isCompleteHoldSql('')} AND purged_at IS NULL
  AND blob_key IS NOT NULL AND withdrawn_seq IS NULL`;

/**
 * A held file is open as it is, so that its call only has to be decided again, which the sweep of due calls does. In
 * another place it would let what was refused because of it go first; unread in its own, it would unmake what came
 * later.
 */
async function judgeHeldAgain(tx: Sql, tenantId: string, fileId: string, callKey: string): Promise<boolean> {
  const rows = await tx.query(
    `SELECT 1 FROM files WHERE ${MAY_BE_REPLAYED} AND state = 'held' AND NOT (${isSetAsideSql('')})`,
    [tenantId, fileId],
  );
  if (rows.length === 0) return false;
  await tx.execute('UPDATE calls SET due_at = callbay_now() WHERE tenant_id = $1 AND call_key = $2', [
    tenantId,
    callKey,
  ]);
  return true;
}

/** What has ended is read and judged again at the end of the order; so is a file that was never read. */
async function readAgain(tx: Sql, tenantId: string, fileId: string): Promise<boolean> {
  const rows = await tx.query(
    `WITH position AS (
       UPDATE tenant_counters SET value = value + 1 WHERE tenant_id = $1 AND name = 'receive' RETURNING value
     )
     UPDATE files f SET replay_seq = (SELECT value FROM position), classified_at = NULL, classify_attempts = 0, ${OPEN_AGAIN}
      WHERE ${MAY_BE_REPLAYED} AND (state = 'rejected' OR (${isSetAsideSql('')}))
    RETURNING id`,
    [tenantId, fileId],
  );
  return rows.length > 0;
}
