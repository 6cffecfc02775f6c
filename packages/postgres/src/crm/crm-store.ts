import { pipeline } from 'node:stream/promises';
import { type CrmType, crmOutcome, crmRefusal, crmWarnings, type Outcome, outcomeOf } from '@callbay/core';
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
import { detailOf, endImport } from './end-import.ts';
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
        `UPDATE crm_imports SET attempts = attempts + 1 WHERE tenant_id = $1 AND file_id = $2 RETURNING attempts`,
        [tenantId, fileId],
      );
      return row?.attempts ?? 0;
    },

    async hasEnded(tenantId, type) {
      const rows = await db.query(
        `SELECT FROM crm_imports WHERE NOT is_settled AND tenant_id = $1 AND type = $2 AND state <> 'waiting' LIMIT 1`,
        [tenantId, type],
      );
      return rows.length > 0;
    },

    async wakeCalls(tenantId, { after, limit }) {
      const rows = await db.query<{ call_key: string }>(
        `WITH waiting AS (
           SELECT call_key FROM calls
            WHERE tenant_id = $1 AND status = 'ready' AND hold ->> 'waitingFor' = 'crm' AND call_key COLLATE "C" > $2
            ORDER BY call_key COLLATE "C" LIMIT $3 FOR UPDATE
         )
         UPDATE calls c SET due_at = callbay_now() FROM waiting w
          WHERE c.tenant_id = $1 AND c.call_key = w.call_key RETURNING c.call_key`,
        [tenantId, after, limit],
      );
      return rows.map((row) => row.call_key).sort(byBytes);
    },

    async settle(tenantId, type) {
      await db.execute(
        `UPDATE crm_imports SET is_settled = TRUE
          WHERE NOT is_settled AND tenant_id = $1 AND type = $2 AND state <> 'waiting'`,
        [tenantId, type],
      );
    },

    async findUnsettled(limit) {
      const rows = await db.query<{ tenant_id: string; type: CrmType }>(
        `SELECT tenant_id, type FROM (
           SELECT i.tenant_id, i.type, min(f.received_at) AS since,
                  row_number() OVER (PARTITION BY i.tenant_id ORDER BY min(i.place)) AS nth
             FROM crm_imports i JOIN files f ON f.tenant_id = i.tenant_id AND f.id = i.file_id
            WHERE NOT i.is_settled GROUP BY i.tenant_id, i.type
         ) line ORDER BY nth, since LIMIT $1`,
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
      const refusal = crmRefusal(report);
      if (refusal !== null) throw new Undo(refusal, report);
      const [clock] = await tx.query<{ now: Date }>('SELECT callbay_now() AS now');
      const staged = { fileId: next.fileId, now: clock!.now, staged: report.written };
      const merged = isFirst
        ? { new: report.written, changed: 0, repeated: 0, unchanged: 0 }
        : await mergeObjects(tx, tenantId, next.type, { ...staged, mayRepeatIds: report.mayRepeatIds });
      const [file] = await tx.query<{ is_withdrawn: boolean }>(
        'SELECT withdrawn_seq IS NOT NULL AS is_withdrawn FROM files WHERE tenant_id = $1 AND id = $2 FOR UPDATE',
        [tenantId, next.fileId],
      );
      if (file?.is_withdrawn) throw new Undo(outcomeOf('WITHDRAWN'), report);
      const counts = { rows: report.rows, ...merged, errors: report.rows - report.written };
      await endImport(tx, tenantId, next, {
        outcome: crmOutcome(next.type, counts),
        warnings: crmWarnings(report),
        detail: detailOf(report, counts),
      });
      return 'done';
    });
  } catch (error) {
    if (next.firstAt !== null && sqlState(error) === UNIQUE_VIOLATION) return 'repeated';
    if (!(error instanceof Undo)) throw translatePgError(error);
    const { outcome, report } = error;
    const warnings = outcome.code === 'WITHDRAWN' ? [] : crmWarnings(report);
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
    `SELECT pg_try_advisory_xact_lock(hashtextextended('callbay.crm ' || $1 || ' ' || $2, 0)) AS got`,
    [tenantId, next.type],
  );
  if (!lock?.got) return false;
  return (await findNextImport(tx, tenantId, next.type))?.fileId === next.fileId;
}
