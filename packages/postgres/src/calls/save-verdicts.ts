import { type CallDecision, type FileVerdict, folderOf, freeName, isOpen, splitName } from '@callbay/core';
import type { Sql } from '../database/database.ts';
import { type LoadedFile, type LoadedRecord, recordKeyOf } from './load-facts.ts';

interface FileChange {
  readonly id: string;
  readonly state: string;
  readonly code: string;
  readonly message: string;
  readonly fix: string;
  readonly warnings: unknown;
  readonly call_key: string;
  readonly judged_policy: number | null;
  readonly folder: string;
  readonly shown_name: string;
}

/** The files and the rows of batches that a decision may tell of. */
export interface LoadedStories {
  readonly files: ReadonlyMap<string, LoadedFile>;
  readonly rows: ReadonlyMap<string, LoadedRecord>;
}

/** Writes every outcome that is new: of a batch row in its row, of all else in its file. */
export async function saveVerdicts(
  tx: Sql,
  tenantId: string,
  decisions: readonly CallDecision[],
  { files, rows }: LoadedStories,
  now: Date,
): Promise<void> {
  const ofFiles: FreshVerdict[] = [];
  const ofRows: FileVerdict[] = [];
  for (const decision of decisions) {
    for (const verdict of decision.verdicts) {
      const row = verdict.row === null ? undefined : rows.get(recordKeyOf(verdict.fileId, verdict.row));
      const file = files.get(verdict.fileId);
      if (row) {
        if (saysOtherThan(row, verdict)) ofRows.push(verdict);
      } else if (file && (saysOtherThan(file, verdict) || file.call_key !== decision.callKey)) {
        ofFiles.push({ verdict, decision, file });
      }
    }
  }
  if (ofRows.length > 0) await saveRows(tx, tenantId, ofRows, now);
  if (ofFiles.length > 0) await saveFiles(tx, tenantId, ofFiles, now);
}

interface FreshVerdict {
  readonly verdict: FileVerdict;
  readonly decision: CallDecision;
  readonly file: LoadedFile;
}

const saysOtherThan = (
  stored: Pick<LoadedFile, 'state' | 'outcome_code' | 'outcome_message'> | LoadedRecord,
  { state, outcome }: FileVerdict,
): boolean =>
  stored.state !== state ||
  stored.outcome_code !== outcome.code ||
  stored.outcome_message !== outcome.message;

async function saveRows(
  tx: Sql,
  tenantId: string,
  verdicts: readonly FileVerdict[],
  now: Date,
): Promise<void> {
  const changes = verdicts.map((verdict) => ({
    file_id: verdict.fileId,
    row: verdict.row,
    state: verdict.state,
    code: verdict.outcome.code,
    message: verdict.outcome.message,
    judged_policy: isOpen(verdict.state) ? null : verdict.policyVersion,
  }));
  await tx.execute(
    `UPDATE call_records r SET state = n.state, outcome_code = n.code, outcome_message = n.message, outcome_at = $3,
            judged_policy = n.judged_policy
       FROM jsonb_to_recordset($2::jsonb) AS n(file_id uuid, row int, state text, code text, message text,
            judged_policy int)
      WHERE r.tenant_id = $1 AND r.file_id = n.file_id AND r.row = n.row`,
    [tenantId, JSON.stringify(changes), now],
  );
}

/** Moves each file in the drop's view, and adds a step to its story. */
async function saveFiles(
  tx: Sql,
  tenantId: string,
  fresh: readonly FreshVerdict[],
  now: Date,
): Promise<void> {
  const changes: FileChange[] = [];
  const taken = await takenNames(tx, tenantId, fresh);
  const shownIn: Record<string, Set<string>> = { processed: new Set(), rejected: new Set() };
  const nameIn = async (folder: string, file: LoadedFile): Promise<string> => {
    const shown = shownIn[folder];
    if (!shown) return file.name;
    const isFree = !taken.has(file.name) && !shown.has(file.name);
    const name = isFree ? file.name : await freeNameFor(tx, tenantId, folder, file, [...shown]);
    shown.add(name);
    return name;
  };
  for (const { verdict, decision, file } of fresh) {
    const folder = folderOf(verdict.state);
    changes.push({
      id: verdict.fileId,
      state: verdict.state,
      code: verdict.outcome.code,
      message: verdict.outcome.message,
      fix: verdict.outcome.fix,
      warnings: verdict.warnings,
      call_key: decision.callKey,
      judged_policy: isOpen(verdict.state) ? null : verdict.policyVersion,
      folder,
      shown_name: await nameIn(folder, file),
    });
  }
  await tx.execute(
    `WITH change AS (
       SELECT * FROM jsonb_to_recordset($2::jsonb) AS c(id uuid, state text, code text, message text, fix text,
         warnings jsonb, call_key text, judged_policy int, folder text, shown_name text)
     ), moved AS (
       UPDATE files f SET state = c.state, outcome_code = c.code, outcome_message = c.message, outcome_fix = c.fix,
              outcome_at = $3, warnings = c.warnings, call_key = c.call_key, judged_policy = c.judged_policy,
              folder = c.folder, shown_name = c.shown_name
         FROM change c WHERE f.tenant_id = $1 AND f.id = c.id
     )
     INSERT INTO file_steps (tenant_id, file_id, at, step, code, message, detail, dedupe)
     SELECT $1, c.id, $3, c.state, c.code, c.message,
            jsonb_build_object('callKey', c.call_key, 'folder', c.folder), gen_random_uuid()::text
       FROM change c`,
    [tenantId, JSON.stringify(changes), now],
  );
}

/** Which of the files' own names other files of their folders show, so that only those need a search for a free one. */
async function takenNames(
  tx: Sql,
  tenantId: string,
  fresh: readonly FreshVerdict[],
): Promise<ReadonlySet<string>> {
  const rows = await tx.query<{ name: string }>(
    `SELECT n.name FROM unnest($2::uuid[], $3::text[]) AS n(id, name)
      WHERE EXISTS (SELECT FROM files f WHERE f.tenant_id = $1 AND f.folder IN ('processed', 'rejected')
                       AND f.shown_name = n.name AND f.id <> n.id AND f.purged_at IS NULL)
         OR EXISTS (SELECT FROM files f WHERE f.tenant_id = $1 AND f.name = n.name AND f.id <> n.id
                       AND f.folder <> 'data' AND f.purged_at IS NULL)`,
    [tenantId, fresh.map(({ file }) => file.id), fresh.map(({ file }) => file.name)],
    'taken-names-of-files',
  );
  return new Set(rows.map((row) => row.name));
}

/** `freeName` of core among the names that other files of the folder show. */
export async function freeNameFor(
  tx: Sql,
  tenantId: string,
  folder: string,
  file: Pick<LoadedFile, 'id' | 'name'>,
  alsoTaken: readonly string[] = [],
): Promise<string> {
  const { base, ext } = splitName(file.name);
  const rows = await tx.query<{ shown_name: string }>(
    `SELECT shown_name FROM files
      WHERE tenant_id = $1 AND folder = $2 AND id <> $3 AND purged_at IS NULL
        AND (name = $4 OR shown_name = $4 OR (shown_name LIKE $5 AND shown_name LIKE $6))`,
    [tenantId, folder, file.id, file.name, `${escapeLike(base)}~%`, `%${escapeLike(ext)}`],
    'taken-names',
  );
  return freeName(file.name, new Set([...rows.map((row) => row.shown_name), ...alsoTaken]));
}

const escapeLike = (text: string): string => text.replace(/[\\%_]/g, '\\$&');
