import { type Hold, type HoldListQuery, type List, toPage } from '@callbay/contracts';
import { scoreNearMiss, UNPAIRED_HOLDS } from '@callbay/core';
import { listSql } from '../database/constants.ts';
import type { Database } from '../database/database.ts';

interface Row {
  readonly callKey: string;
  readonly since: Date;
  readonly hold: Omit<Hold, 'callKey' | 'nearMisses'>;
}

interface WaitingFile {
  readonly fileId: string;
  readonly name: string;
  readonly stem: string;
  readonly callKey: string | null;
  readonly isRecording: boolean;
}

/** How many of a tenant's newest waiting files are compared, and how many near misses of each hold are shown. */
const MAX_CANDIDATES = 1000;
const MAX_NEAR_MISSES = 5;

const LIST_HOLDS = `
  SELECT call_key AS "callKey", held_since AS since, hold FROM calls
   WHERE tenant_id = $1 AND status IN ('held', 'ready') AND hold IS NOT NULL
     AND ($2::timestamptz IS NULL OR (held_since, call_key) > ($2, $3))
     AND ($4::text IS NULL OR hold ->> 'waitingFor' = $4)
   ORDER BY held_since, call_key LIMIT $5`;

const WAITING_FILES = `
  SELECT id AS "fileId", name, stem, call_key AS "callKey", kind = 'recording' AS "isRecording" FROM files
   WHERE tenant_id = $1 AND state = 'held' AND outcome_code IN (${listSql(UNPAIRED_HOLDS)}) AND purged_at IS NULL
   ORDER BY receive_seq DESC LIMIT ${MAX_CANDIDATES}`;

/** What waits, longest first, each with the waiting files that look like its missing half. */
export async function listHolds(db: Database, tenantId: string, query: HoldListQuery): Promise<List<Hold>> {
  const { limit, cursor, waitingFor = null } = query;
  const [since, callKey] = cursor ?? [null, null];
  const rows = await db.query<Row>(LIST_HOLDS, [tenantId, since, callKey, waitingFor, limit + 1]);
  const needsCandidates = rows.some(
    ({ hold }) => hold.waitingFor === 'metadata' || hold.waitingFor === 'recording',
  );
  const candidates = needsCandidates ? await db.query<WaitingFile>(WAITING_FILES, [tenantId]) : [];
  return toPage(
    rows,
    limit,
    (row): Hold => ({ ...toHold(row), nearMisses: nearMissesOf(row, candidates) }),
    (row) => [row.since.toISOString(), row.callKey],
  );
}

const toHold = ({ callKey, since, hold }: Row): Omit<Hold, 'nearMisses'> => ({
  callKey,
  reasons: hold.reasons,
  waitingFor: hold.waitingFor,
  since: since.toISOString(),
  until: hold.until === null ? null : new Date(hold.until).toISOString(),
  fileIds: hold.fileIds,
});

/** Files of other keys that are what this one waits for, and whose stems are nearly its own. */
function nearMissesOf({ callKey, hold }: Row, candidates: readonly WaitingFile[]): Hold['nearMisses'] {
  if (hold.waitingFor !== 'metadata' && hold.waitingFor !== 'recording') return [];
  const wantsRecording = hold.waitingFor === 'recording';
  const stem = callKey.slice(callKey.indexOf(':') + 1);
  return candidates
    .filter((file) => file.callKey !== callKey && file.isRecording === wantsRecording)
    .flatMap((file) => {
      const miss = scoreNearMiss(stem, file.stem);
      return miss === null ? [] : [{ fileId: file.fileId, name: file.name, ...miss }];
    })
    .sort((a, b) => b.score - a.score)
    .slice(0, MAX_NEAR_MISSES);
}
