import {
  fileRejected,
  folderOf,
  type Issue,
  isSetAside,
  type Outcome,
  rereadDelayMs,
  stateOf,
} from '@callbay/core';
import type { CrmImport, CrmImportCounts, CrmReadReport } from '@callbay/ingestion';
import { freeNameFor } from '../calls/save-verdicts.ts';
import type { Sql } from '../database/database.ts';
import { publishEvents } from '../events/publish-events.ts';

/** Columns kept of a header; more would not help anyone. */
export const KEPT_COLUMNS = 200;

/** What of a report is kept: all of it, but for what the outcome says already. */
export interface ImportStory {
  readonly outcome: Outcome;
  readonly warnings: readonly Issue[];
  readonly detail: Readonly<Record<string, unknown>>;
}

export const detailOf = (report: CrmReadReport, counts: CrmImportCounts | null): Record<string, unknown> => ({
  encoding: report.encoding,
  delimiter: report.delimiter,
  columns: report.columns.slice(0, KEPT_COLUMNS),
  peakMb: report.peakMb,
  rows: report.rows,
  errorCounts: report.errorCounts,
  errors: report.errors,
  ...(counts === null ? {} : { counts }),
});

/**
 * Writes the end of an import: the file's outcome, folder and story, and the end of its wait in line. Nothing where it has
 * ended already. A file that was purged meanwhile keeps the outcome it has. A rejection takes the tenant's change counter:
 * nothing but the commit may follow.
 */
export async function endImport(
  tx: Sql,
  tenantId: string,
  next: Pick<CrmImport, 'fileId' | 'name' | 'rereads'>,
  { outcome, warnings, detail }: ImportStory,
): Promise<void> {
  const { code, message, fix } = outcome;
  const state = stateOf(outcome.code);
  const folder = folderOf(state);
  const ended = await tx.execute(
    `UPDATE crm_imports SET state = $3, finished_at = callbay_now(), report = $4::jsonb
      WHERE tenant_id = $1 AND file_id = $2 AND state = 'waiting'`,
    [tenantId, next.fileId, state, JSON.stringify(detail)],
  );
  if (ended === 0) return;
  const shownName =
    folder === 'data'
      ? next.name
      : await freeNameFor(tx, tenantId, folder, { id: next.fileId, name: next.name });
  const told = await tx.execute(
    `WITH told AS (
       UPDATE files SET state = $3, outcome_code = $4, outcome_message = $5, outcome_fix = $6, outcome_at = callbay_now(),
              warnings = fact_warnings || $7::jsonb, folder = $8, shown_name = $9,
              read_again_at = callbay_now() + $11 * interval '1 millisecond'
        WHERE tenant_id = $1 AND id = $2 AND state = 'received'
       RETURNING id
     )
     INSERT INTO file_steps (tenant_id, file_id, at, step, code, message, detail, dedupe)
     SELECT $1, id, callbay_now(), $3, $4, $5, $10::jsonb, gen_random_uuid()::text FROM told`,
    [
      tenantId,
      next.fileId,
      state,
      code,
      message,
      fix,
      JSON.stringify(warnings),
      folder,
      shownName,
      JSON.stringify(detail),
      isSetAside(code) ? rereadDelayMs(next.rereads) : null,
    ],
  );
  if (told === 0 || state !== 'rejected') return;
  const rejection = fileRejected({ fileId: next.fileId, name: next.name, code, message, fix });
  await publishEvents(tx, tenantId, [{ ...rejection, callId: null }]);
}
