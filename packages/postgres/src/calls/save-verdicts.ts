import type { CallDecision, FileVerdict } from '@callbay/core';
import type { Sql } from '../database.ts';
import type { LoadedFile } from './load-facts.ts';

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

/** Writes the outcome of every file whose outcome is new, moves it in the drop's view, and adds a step to its story. */
export async function saveVerdicts(
  tx: Sql,
  tenantId: string,
  decisions: readonly CallDecision[],
  files: ReadonlyMap<string, LoadedFile>,
  now: Date,
): Promise<void> {
  const fresh = decisions.flatMap((decision) =>
    decision.verdicts.flatMap((verdict) => {
      const file = files.get(verdict.fileId);
      return file && isNew(verdict, decision, file) ? [{ verdict, decision, file }] : [];
    }),
  );
  if (fresh.length === 0) return;
  const changes: FileChange[] = [];
  for (const { verdict, decision, file } of fresh) {
    const isEnded = verdict.state !== 'held' && verdict.state !== 'received';
    const folder =
      verdict.state === 'done' ? 'processed' : verdict.state === 'rejected' ? 'rejected' : 'data';
    changes.push({
      id: verdict.fileId,
      state: verdict.state,
      code: verdict.outcome.code,
      message: verdict.outcome.message,
      fix: verdict.outcome.fix,
      warnings: verdict.warnings,
      call_key: decision.callKey,
      judged_policy: isEnded ? verdict.policyVersion : null,
      folder,
      shown_name: folder === 'data' ? file.name : await freeName(tx, tenantId, folder, file, changes),
    });
  }
  await tx.execute(
    `with change as (
       select * from jsonb_to_recordset($2::jsonb) as c(id uuid, state text, code text, message text, fix text,
         warnings jsonb, call_key text, judged_policy int, folder text, shown_name text)
     ), moved as (
       update files f set state = c.state, outcome_code = c.code, outcome_message = c.message, outcome_fix = c.fix,
              outcome_at = $3, warnings = c.warnings, call_key = c.call_key, judged_policy = c.judged_policy,
              folder = c.folder, shown_name = c.shown_name
         from change c where f.tenant_id = $1 and f.id = c.id
     )
     insert into file_steps (tenant_id, file_id, at, step, code, message, detail, dedupe)
     select $1, c.id, $3, c.state, c.code, c.message,
            jsonb_build_object('callKey', c.call_key, 'folder', c.folder), gen_random_uuid()::text
       from change c`,
    [tenantId, JSON.stringify(changes), now],
  );
}

function isNew(verdict: FileVerdict, decision: CallDecision, file: LoadedFile): boolean {
  return (
    file.state !== verdict.state ||
    file.outcome_code !== verdict.outcome.code ||
    file.outcome_message !== verdict.outcome.message ||
    file.call_key !== decision.callKey
  );
}

/** The name to show the file under: its own, or `<stem>~2.<ext>` and on where that is taken. Nothing is overwritten. */
export async function freeName(
  tx: Sql,
  tenantId: string,
  folder: string,
  file: Pick<LoadedFile, 'id' | 'name'>,
  changes: readonly FileChange[],
): Promise<string> {
  const dot = file.name.lastIndexOf('.');
  const [base, ext] = dot > 0 ? [file.name.slice(0, dot), file.name.slice(dot)] : [file.name, ''];
  const rows = await tx.query<{ shown_name: string }>(
    `select shown_name from files
      where tenant_id = $1 and folder = $2 and id <> $3 and purged_at is null
        and (name = $4 or shown_name = $4 or (shown_name like $5 and shown_name like $6))`,
    [tenantId, folder, file.id, file.name, `${escapeLike(base)}~%`, `%${escapeLike(ext)}`],
    'taken-names',
  );
  const taken = new Set([
    ...rows.map((row) => row.shown_name),
    ...changes.filter((c) => c.folder === folder).map((c) => c.shown_name),
  ]);
  if (!taken.has(file.name)) return file.name;
  for (let n = 2; ; n++) {
    const candidate = `${base}~${n}${ext}`;
    if (!taken.has(candidate)) return candidate;
  }
}

const escapeLike = (text: string): string => text.replace(/[\\%_]/g, '\\$&');
