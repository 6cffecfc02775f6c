import { pipeline } from 'node:stream/promises';
import { type CrmType, isOutcomeCode, type Outcome, outcomeOf, outcomeSaying, stateOf } from '@callbay/core';
import type {
  CrmFileFacts,
  CrmImport,
  CrmImportEnd,
  CrmReadReport,
  CrmStore,
  RowReading,
} from '@callbay/ingestion';
import { from as copyFrom } from 'pg-copy-streams';
import { type Database, transact, transactBulk } from '../database/database.ts';
import { sqlState, translatePgError } from '../database/pg-errors.ts';
import { findCrmMappings, findNextImport } from './crm-lines.ts';
import { detailOf, endImport, warningsOf } from './end-import.ts';
import { BULK_SETTINGS, COPY_OBJECTS, COPY_STAGING, CREATE_STAGING, mergeObjects } from './merge-objects.ts';
import { saveCrmFile } from './save-crm-file.ts';

export function createCrmStore(db: Database): CrmStore {
  return {
    saveCrmFile: (tenantId, fileId, facts: CrmFileFacts) =>
      transact(db, (tx) => saveCrmFile(tx, tenantId, fileId, facts)),

    findMappings: (tenantId) => findCrmMappings(db, tenantId),

    findNext: (tenantId, type) => findNextImport(db, tenantId, type),

    apply: (tenantId, next, reading) => apply(db, tenantId, next, reading),

    endImport: (tenantId, next, outcome) =>
      transact(db, (tx) => endImport(tx, tenantId, next, { outcome, warnings: [], detail: {} })),

    async countFailure(tenantId, fileId) {
      const [row] = await db.query<{ attempts: number }>(
        `update crm_imports set attempts = attempts + 1 where tenant_id = $1 and file_id = $2 returning attempts`,
        [tenantId, fileId],
      );
      return row?.attempts ?? 0;
    },

    async hasEnded(tenantId, type) {
      const rows = await db.query(
        `select from crm_imports where not is_settled and tenant_id = $1 and type = $2 and state <> 'waiting' limit 1`,
        [tenantId, type],
      );
      return rows.length > 0;
    },

    async wakeCalls(tenantId, { after, limit }) {
      const rows = await db.query<{ call_key: string }>(
        `with waiting as (
           select call_key from calls
            where tenant_id = $1 and status = 'ready' and hold ->> 'waitingFor' = 'crm' and call_key collate "C" > $2
            order by call_key collate "C" limit $3 for update
         )
         update calls c set due_at = callbay_now() from waiting w
          where c.tenant_id = $1 and c.call_key = w.call_key returning c.call_key`,
        [tenantId, after, limit],
      );
      return rows.map((row) => row.call_key).sort(byBytes);
    },

    async settle(tenantId, type) {
      await db.execute(
        `update crm_imports set is_settled = true
          where not is_settled and tenant_id = $1 and type = $2 and state <> 'waiting'`,
        [tenantId, type],
      );
    },

    async findUnsettled(limit) {
      const rows = await db.query<{ tenant_id: string; type: CrmType }>(
        `select tenant_id, type from (
           select i.tenant_id, i.type, min(f.received_at) as since,
                  row_number() over (partition by i.tenant_id order by min(i.place)) as nth
             from crm_imports i join files f on f.tenant_id = i.tenant_id and f.id = i.file_id
            where not i.is_settled group by i.tenant_id, i.type
         ) line order by nth, since limit $1`,
        [limit],
      );
      return rows.map((row) => ({ tenantId: row.tenant_id, type: row.type }));
    },
  };
}

/** As Postgres sorts by "C". */
const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

const UNIQUE_VIOLATION = '23505';

/** The transaction is undone and its end is written in another. */
class Undo extends Error {
  readonly outcome: Outcome;
  readonly report: CrmReadReport;
  constructor(outcome: Outcome, report: CrmReadReport) {
    super(outcome.code);
    this.outcome = outcome;
    this.report = report;
  }
}

const CORRECT_ROWS = 'Correct the rows that the warnings name, and send them again.';

async function apply(
  db: Database,
  tenantId: string,
  next: CrmImport,
  reading: RowReading<CrmReadReport>,
): Promise<CrmImportEnd> {
  try {
    return await transactBulk(db, async (tx, client) => {
      await tx.execute(BULK_SETTINGS);
      if (!(await takeTurn(tx, tenantId, next))) return null;
      const isFirst = next.firstAt !== null;
      if (!isFirst) await tx.execute(CREATE_STAGING);
      await pipeline(reading.rows, client.query(copyFrom(isFirst ? COPY_OBJECTS : COPY_STAGING)));
      const report = await reading.report;
      const refusal = refusalOf(report);
      if (refusal !== null) throw new Undo(refusal, report);
      const [clock] = await tx.query<{ now: Date }>('select callbay_now() as now');
      const staged = { fileId: next.fileId, now: clock!.now, staged: report.written };
      const merged = isFirst
        ? { new: report.written, changed: 0, repeated: 0, unchanged: 0 }
        : await mergeObjects(tx, tenantId, next.type, { ...staged, mayRepeatIds: report.mayRepeatIds });
      const [file] = await tx.query<{ is_withdrawn: boolean }>(
        'select withdrawn_seq is not null as is_withdrawn from files where tenant_id = $1 and id = $2 for update',
        [tenantId, next.fileId],
      );
      if (file?.is_withdrawn) throw new Undo(outcomeOf('WITHDRAWN'), report);
      const counts = { rows: report.rows, ...merged, errors: report.rows - report.written };
      const told = Object.entries(counts).map(([name, count]) => `${name} ${count}`);
      await endImport(tx, tenantId, next, {
        outcome: {
          ...outcomeOf('CRM_IMPORTED', `${next.type}: ${told.join(', ')}.`),
          ...(counts.errors > 0 ? { fix: CORRECT_ROWS } : {}),
        },
        warnings: warningsOf(report),
        detail: detailOf(report, counts),
      });
      return 'done';
    });
  } catch (error) {
    if (next.firstAt !== null && sqlState(error) === UNIQUE_VIOLATION) return 'repeated';
    if (!(error instanceof Undo)) throw translatePgError(error);
    const { outcome, report } = error;
    const warnings = outcome.code === 'WITHDRAWN' ? [] : warningsOf(report);
    await transact(db, (tx) =>
      endImport(tx, tenantId, next, { outcome, warnings, detail: detailOf(report, null) }),
    );
    return outcome.code === 'WITHDRAWN' ? 'withdrawn' : 'rejected';
  }
}

/** Whether this transaction alone may import files of the type, and it is still this one's turn. */
async function takeTurn(
  tx: Parameters<typeof findNextImport>[0],
  tenantId: string,
  next: CrmImport,
): Promise<boolean> {
  const [lock] = await tx.query<{ got: boolean }>(
    `select pg_try_advisory_xact_lock(hashtextextended('callbay.crm ' || $1 || ' ' || $2, 0)) as got`,
    [tenantId, next.type],
  );
  if (!lock?.got) return false;
  return (await findNextImport(tx, tenantId, next.type))?.fileId === next.fileId;
}

/** Why nothing of the file may be applied; null where its rows may. */
function refusalOf(report: CrmReadReport): Outcome | null {
  const [first] = report.issues;
  if (first !== undefined) {
    const code =
      isOutcomeCode(first.code) && stateOf(first.code) === 'rejected' ? first.code : 'METADATA_INVALID';
    const told = report.issues
      .slice(0, 3)
      .map(({ message, at }) => (at === null ? message : `${message} (${at})`));
    return outcomeSaying(code, told.join(' '));
  }
  if (report.rows === 0 || report.written > 0) return null;
  const code = Object.keys(report.errorCounts)[0] === 'ROW_TOO_LARGE' ? 'ROW_TOO_LARGE' : 'METADATA_INVALID';
  return outcomeOf(code, `None of its ${report.rows} rows can be used.`);
}
