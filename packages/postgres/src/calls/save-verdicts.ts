import {
  type CallDecision,
  type EventDraft,
  type FileVerdict,
  fileRejected,
  folderOf,
  freeName,
  isOpen,
  isSetAside,
  STEP_SENTENCES,
  splitName,
} from '@callbay/core';
import { arraysOf, type Columns, rowsSql } from '../database/bulk-rows.ts';
import type { Sql } from '../database/database.ts';
import { type LoadedFile, type LoadedRecord, recordKeyOf } from './facts-of-rows.ts';
import { factColumns, type OwnFiles } from './save-facts.ts';

interface FileChange {
  readonly id: string;
  readonly state: string;
  readonly code: string;
  readonly message: string;
  readonly fix: string;
  readonly warnings: string;
  readonly call_key: string;
  readonly judged_policy: number | null;
  readonly folder: string;
  readonly shown_name: string;
}

/** The files and rows of batches that a decision may affect. */
export interface LoadedStories {
  readonly files: ReadonlyMap<string, LoadedFile>;
  readonly rows: ReadonlyMap<string, LoadedRecord>;
  /** Files whose facts are stored with their outcome, if they have one yet. */
  readonly own: OwnFiles;
}

/**
 * Writes every outcome that is new: of a batch row in its row, of all else in its file. Returns the events of files that
 * are rejected now, for whoever takes the counters.
 */
export async function saveVerdicts(
  tx: Sql,
  tenantId: string,
  decisions: readonly CallDecision[],
  { files, rows, own }: LoadedStories,
  now: Date,
): Promise<EventDraft[]> {
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
  if (ofFiles.length + own.ids.length > 0) await saveFiles(tx, tenantId, ofFiles, own, now);
  return ofFiles.filter(isRejectedNow).map(({ verdict: { fileId, outcome }, file: { name } }) => {
    const { code, message, fix } = outcome;
    return fileRejected({ fileId, name, code, message, fix });
  });
}

interface FreshVerdict {
  readonly verdict: FileVerdict;
  readonly decision: CallDecision;
  readonly file: LoadedFile;
}

const isRejectedNow = ({ verdict, file }: FreshVerdict): boolean =>
  verdict.state === 'rejected' && (file.state !== 'rejected' || file.outcome_code !== verdict.outcome.code);

const saysOtherThan = (
  stored: Pick<LoadedFile, 'state' | 'outcome_code' | 'outcome_message'> | LoadedRecord,
  { state, outcome }: FileVerdict,
): boolean =>
  stored.state !== state ||
  stored.outcome_code !== outcome.code ||
  stored.outcome_message !== outcome.message;

const ROW_COLUMNS = {
  file_id: 'uuid',
  row: 'int4',
  state: 'text',
  code: 'text',
  message: 'text',
  judged_policy: 'int4',
} as const satisfies Columns;

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
    `UPDATE call_records r SET state = n.state, outcome_code = n.code, outcome_message = n.message, outcome_at = $2,
            judged_policy = n.judged_policy
       FROM (${rowsSql(ROW_COLUMNS, 3)}) n
      WHERE r.tenant_id = $1 AND r.file_id = n.file_id AND r.row = n.row`,
    [tenantId, now, ...arraysOf(ROW_COLUMNS, changes)],
    'save-rows',
  );
}

/** Moves each file in the drop's view, and adds a step to its story. */
async function saveFiles(
  tx: Sql,
  tenantId: string,
  fresh: readonly FreshVerdict[],
  own: OwnFiles,
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
      warnings: JSON.stringify(verdict.warnings),
      call_key: decision.callKey,
      judged_policy: isOpen(verdict.state) ? null : verdict.policyVersion,
      folder,
      shown_name: await nameIn(folder, file),
    });
  }
  const judged = Map.groupBy(changes, ({ id }) => id);
  const facts = own.ids.map((id) => ({ id, is_read: true, ...factColumns(own.facts.get(id)!) }));
  const rows = [
    ...facts.map((fact) => ({ ...fact, ...judged.get(fact.id)?.at(-1) })),
    ...changes.filter(({ id }) => !own.facts.has(id)),
  ];
  const steps = [
    ...facts.map(({ id, detail }) => ({
      id,
      step: 'classified',
      code: null,
      message: isSetAside(detail.issues[0]?.code) ? STEP_SENTENCES.notRead : STEP_SENTENCES.read,
      detail: JSON.stringify(detail),
    })),
    ...changes.map(({ id, state, code, message, call_key, folder }) => ({
      id,
      step: state,
      code,
      message,
      detail: JSON.stringify({ callKey: call_key, folder }),
    })),
  ].map((step, nth) => ({ ...step, nth }));
  await tx.execute(
    SAVE_FILES,
    [tenantId, now, ...arraysOf(FILE_COLUMNS, rows), ...arraysOf(STEP_COLUMNS, steps)],
    'save-files',
  );
}

const FILE_COLUMNS = {
  id: 'uuid',
  is_read: 'boolean',
  stem: 'text',
  kind: 'text',
  sha256: 'text',
  media: 'jsonb',
  fact_issues: 'jsonb',
  fact_warnings: 'jsonb',
  read_again_ms: 'int8',
  own_call_key: 'text',
  state: 'text',
  code: 'text',
  message: 'text',
  fix: 'text',
  warnings: 'jsonb',
  call_key: 'text',
  judged_policy: 'int4',
  folder: 'text',
  shown_name: 'text',
} as const satisfies Columns;

const STEP_COLUMNS = {
  id: 'uuid',
  step: 'text',
  code: 'text',
  message: 'text',
  detail: 'jsonb',
  nth: 'int4',
} as const satisfies Columns;

const FIRST_STEP_PARAMETER = 3 + Object.keys(FILE_COLUMNS).length;

/** A file that was read just now gets its facts, one that was judged its outcome, most get both: one write for each row. */
const SAVE_FILES = `
WITH saved AS (
  UPDATE files f SET
    stem = CASE WHEN n.is_read THEN n.stem ELSE f.stem END,
    kind = CASE WHEN n.is_read THEN n.kind ELSE f.kind END,
    sha256 = CASE WHEN n.is_read THEN n.sha256 ELSE f.sha256 END,
    media = CASE WHEN n.is_read THEN n.media ELSE f.media END,
    fact_issues = CASE WHEN n.is_read THEN n.fact_issues ELSE f.fact_issues END,
    fact_warnings = CASE WHEN n.is_read THEN n.fact_warnings ELSE f.fact_warnings END,
    read_again_at = CASE WHEN n.is_read THEN callbay_now() + n.read_again_ms * interval '1 millisecond' ELSE f.read_again_at END,
    classified_at = CASE WHEN n.is_read THEN callbay_now() ELSE f.classified_at END,
    warnings = coalesce(n.warnings, n.fact_warnings, f.warnings),
    call_key = coalesce(n.call_key, n.own_call_key, f.call_key),
    state = coalesce(n.state, f.state),
    outcome_code = coalesce(n.code, f.outcome_code),
    outcome_message = coalesce(n.message, f.outcome_message),
    outcome_fix = coalesce(n.fix, f.outcome_fix),
    outcome_at = CASE WHEN n.state IS NULL THEN f.outcome_at ELSE $2 END,
    judged_policy = CASE WHEN n.state IS NULL THEN f.judged_policy ELSE n.judged_policy END,
    folder = coalesce(n.folder, f.folder),
    shown_name = coalesce(n.shown_name, f.shown_name)
  FROM (${rowsSql(FILE_COLUMNS, 3)}) n
  WHERE f.tenant_id = $1 AND f.id = n.id
)
INSERT INTO file_steps (tenant_id, file_id, at, step, code, message, detail, dedupe)
SELECT $1, n.id, $2, n.step, n.code, n.message, n.detail, gen_random_uuid()::text
  FROM (${rowsSql(STEP_COLUMNS, FIRST_STEP_PARAMETER)}) n ORDER BY n.nth`;

/**
 * Which of the files' own names other files of their folders show, so that only those need a search for a free one. A name
 * without `~` is shown only by files that bear it: versions get theirs with a `~` (`freeName`).
 */
async function takenNames(
  tx: Sql,
  tenantId: string,
  fresh: readonly FreshVerdict[],
): Promise<ReadonlySet<string>> {
  const rows = await tx.query<{ name: string }>(
    `SELECT n.name FROM unnest($2::uuid[], $3::text[]) AS n(id, name)
      WHERE (strpos(n.name, '~') > 0
             AND EXISTS (SELECT FROM files f WHERE f.tenant_id = $1 AND f.folder IN ('processed', 'rejected')
                            AND f.shown_name = n.name AND f.id <> n.id AND f.purged_at IS NULL))
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
