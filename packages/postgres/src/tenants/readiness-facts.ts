import type { TenantSettings } from '@callbay/contracts';
import { isUnpairedHold, type Named, type ReadinessFacts } from '@callbay/core';
import type { Database } from '../database/database.ts';
import { readRowGroups } from './batch-readiness.ts';

/** What was counted already, and where it is read from. */
type Known = Pick<ReadinessFacts, 'timeZone' | 'mappingVersion' | 'sftpUsers' | 'completeCalls'> & {
  readonly settings: TenantSettings;
};

const EXAMPLES = 5;
/** Newest files and calls that times of day are judged by. */
const JUDGED = 2000;

const BY_CODE = `
  SELECT state, coalesce(outcome_code, 'UNREAD') AS code, count(*) AS count,
         (array_agg(name ORDER BY receive_seq DESC))[1:${EXAMPLES}] AS examples
    FROM (SELECT state, outcome_code, name, receive_seq FROM files
           WHERE tenant_id = $1 AND state IN ('held', 'rejected') AND purged_at IS NULL
             AND outcome_code IS DISTINCT FROM 'READY' ORDER BY received_at DESC LIMIT 100000) f
   GROUP BY state, code ORDER BY count DESC, code LIMIT 100`;

const RECORDINGS = `
  SELECT name, received_at AS "receivedAt" FROM (
    SELECT DISTINCT ON (stem) name, received_at, receive_seq FROM (
      SELECT stem, name, received_at, receive_seq FROM files
       WHERE tenant_id = $1 AND kind = 'recording' ORDER BY receive_seq DESC LIMIT ${JUDGED}) newest
     ORDER BY stem, receive_seq) first
   ORDER BY receive_seq DESC`;

const STARTED = `
  SELECT started_at AS "startedAt" FROM calls
   WHERE tenant_id = $1 AND started_at IS NOT NULL AND status IN ('ready', 'surfaced')
   ORDER BY started_at DESC LIMIT ${JUDGED}`;

const MISSING_USERS = `
  SELECT expected AS name FROM unnest($2::text[]) AS expected
   WHERE lower(expected) NOT IN (SELECT lower(user_id) FROM calls WHERE tenant_id = $1 AND user_id IS NOT NULL)
   ORDER BY expected`;

/** What of a tenant's files and calls its readiness is judged by. */
export async function readReadinessFacts(
  db: Database,
  tenantId: string,
  known: Known,
): Promise<ReadinessFacts> {
  const groups = await db.query<Named & { state: string; code: string }>(BY_CODE, [tenantId]);
  const rows = await readRowGroups(db, tenantId);
  const recordings = await db.query<{ name: string; receivedAt: Date }>(RECORDINGS, [tenantId]);
  const started = await db.query<{ startedAt: Date }>(STARTED, [tenantId]);
  const missing =
    known.settings.expectedUsers.length === 0
      ? []
      : await db.query<{ name: string }>(MISSING_USERS, [tenantId, known.settings.expectedUsers]);
  const held = (code: string): Named =>
    groups.find((group) => group.state === 'held' && group.code === code) ?? { count: 0, examples: [] };
  return {
    ...known,
    unpairedRecordings: held('NO_METADATA'),
    unpairedMetadata: held('NO_RECORDING'),
    otherHeld: groups.filter(({ state, code }) => state === 'held' && !isUnpairedHold(code)),
    rejected: groups.filter(({ state }) => state === 'rejected'),
    heldRows: rows.filter(({ state }) => state === 'held'),
    rejectedRows: rows.filter(({ state }) => state === 'rejected'),
    recordings: recordings.map(({ name, receivedAt }) => ({ name, receivedAtMs: receivedAt.getTime() })),
    startedAtMs: started.map(({ startedAt }) => startedAt.getTime()),
    missingUsers: { count: missing.length, examples: missing.slice(0, EXAMPLES).map(({ name }) => name) },
  };
}
