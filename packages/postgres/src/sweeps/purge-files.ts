import {
  type FileState,
  fileRejected,
  folderOf,
  isIncomplete,
  type Outcome,
  purgedOutcome,
  STEP_SENTENCES,
} from '@callbay/core';
import type { ExpiredFile, PurgedFile } from '@callbay/ingestion';
import { keyOfStem } from '../calls/facts-of-rows.ts';
import { lockCalls } from '../calls/lock-calls.ts';
import { textSql } from '../database/constants.ts';
import type { Sql } from '../database/database.ts';
import { foldedStepsSql } from '../drop/folded-steps.ts';
import { publishEvents } from '../events/publish-events.ts';

interface Row {
  readonly id: string;
  readonly name: string;
  readonly state: FileState;
  readonly outcome_code: string | null;
  readonly blob_key: string | null;
  readonly call_key: string | null;
  readonly replay_seq: number | null;
}

/** `outcome` null: the file had its part in a call, and keeps its outcome. */
interface Purge {
  readonly row: Row;
  readonly keys: readonly string[];
  readonly outcome: Outcome | null;
}

const LOCK_FILES = `
SELECT id, name, state, outcome_code, blob_key, call_key, replay_seq FROM files
 WHERE tenant_id = $1 AND id = ANY($2::uuid[]) AND purged_at IS NULL ORDER BY id FOR UPDATE`;

/** Of files $2, the codes, sentences and fixes of those that took part in nothing, else null. */
const PURGE = `
WITH n AS (
  SELECT * FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[]) AS n(id, code, message, fix)
), gone AS (
  DELETE FROM file_steps WHERE tenant_id = $1 AND file_id = ANY($2::uuid[])
  RETURNING file_id, id, at, step, code, message, detail, dedupe
), told AS (
  SELECT * FROM gone UNION ALL
  SELECT n.id, nextval('file_steps_id_seq'), callbay_now(), 'purged', n.code, ${textSql(STEP_SENTENCES.purged)}, '{}', 'purged'
    FROM n
), story AS (
  SELECT file_id, ${foldedStepsSql('told')} AS steps FROM told GROUP BY file_id
)
UPDATE files f SET
    purged_at = callbay_now(),
    steps = coalesce(f.steps, '[]') || story.steps,
    state = CASE WHEN n.code IS NULL THEN f.state ELSE 'rejected' END,
    outcome_code = coalesce(n.code, f.outcome_code),
    outcome_message = coalesce(n.message, f.outcome_message),
    outcome_fix = coalesce(n.fix, f.outcome_fix),
    outcome_at = CASE WHEN n.code IS NULL THEN f.outcome_at ELSE callbay_now() END,
    folder = CASE WHEN n.code IS NULL THEN f.folder ELSE ${textSql(folderOf('rejected'))} END
  FROM n, story
 WHERE f.tenant_id = $1 AND f.id = n.id AND story.file_id = n.id`;

const KEPT_BY_CALLS = `
SELECT key FROM unnest($2::text[]) AS key
 WHERE EXISTS (SELECT FROM calls WHERE tenant_id = $1 AND media_blob_key = key)`;

const keysOf = ({ stem, callKey }: ExpiredFile): string[] => [
  ...new Set([keyOfStem(stem), callKey ?? keyOfStem(stem)]),
];

/** The files that are as they were found: neither of another call since, whose lock this is not, nor replayed. */
async function lockFound(tx: Sql, tenantId: string, found: readonly ExpiredFile[]): Promise<Purge[]> {
  const ofId = new Map(found.map((file) => [file.fileId, file]));
  const rows = await tx.query<Row>(LOCK_FILES, [tenantId, [...ofId.keys()]], 'lock-files-to-purge');
  return rows.flatMap((row) => {
    const file = ofId.get(row.id);
    if (file === undefined || row.call_key !== file.callKey || row.replay_seq !== file.replaySeq) return [];
    const isUnpaired = isIncomplete(row.state, row.outcome_code);
    return { row, keys: keysOf(file), outcome: isUnpaired ? purgedOutcome(row.outcome_code) : null };
  });
}

/**
 * Purges files of one tenant under the locks of their call keys, so that none can be surfacing meanwhile. A file that
 * took part in nothing ends here; its call is decided again without it.
 */
export async function purgeFiles(
  tx: Sql,
  tenantId: string,
  found: readonly ExpiredFile[],
): Promise<PurgedFile[]> {
  await lockCalls(tx, tenantId, [...new Set(found.flatMap(keysOf))]);
  const purges = await lockFound(tx, tenantId, found);
  if (purges.length === 0) return [];
  const outcomes = purges.map(({ outcome }) => outcome);
  await tx.execute(
    PURGE,
    [
      tenantId,
      purges.map(({ row }) => row.id),
      outcomes.map((outcome) => outcome?.code ?? null),
      outcomes.map((outcome) => outcome?.message ?? null),
      outcomes.map((outcome) => outcome?.fix ?? null),
    ],
    'purge-files',
  );
  const blobKeys = purges.flatMap(({ row }) => row.blob_key ?? []);
  const kept = new Set(
    (await tx.query<{ key: string }>(KEPT_BY_CALLS, [tenantId, blobKeys], 'kept-by-calls')).map(
      ({ key }) => key,
    ),
  );
  await tellUnpaired(tx, tenantId, purges);
  return purges.map(({ row }) => ({
    fileId: row.id,
    blobKey: row.blob_key === null || kept.has(row.blob_key) ? null : row.blob_key,
  }));
}

/** Last in its transaction: it takes the tenant's change counter. */
async function tellUnpaired(tx: Sql, tenantId: string, purges: readonly Purge[]): Promise<void> {
  const unpaired = purges.flatMap(({ row, keys, outcome }) =>
    outcome === null ? [] : { row, keys, outcome },
  );
  if (unpaired.length === 0) return;
  await tx.execute(
    'UPDATE calls SET due_at = callbay_now() WHERE tenant_id = $1 AND call_key = ANY($2)',
    [tenantId, [...new Set(unpaired.flatMap(({ keys }) => keys))]],
    'decide-without-purged',
  );
  const rejections = unpaired.map(({ row, outcome: { code, message, fix } }) => ({
    ...fileRejected({ fileId: row.id, name: row.name, code, message, fix }),
    callId: null,
  }));
  await publishEvents(tx, tenantId, rejections);
}
