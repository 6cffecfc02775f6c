import { pipeline } from 'node:stream/promises';
import {
  DROP_RETENTION_MS,
  type Issue,
  issue,
  MEDIA_EXTENSIONS,
  outcomeOf,
  outcomeSaying,
} from '@callbay/core';
import type { BatchEnd, BatchFacts, BatchReadReport, BatchStore, RowReading } from '@callbay/ingestion';
import { from as copyFrom } from 'pg-copy-streams';
import { wakeWaitingCalls } from '../calls/file-store.ts';
import { keyOfStem, lockRows } from '../calls/load-facts.ts';
import { lockCalls } from '../calls/lock-calls.ts';
import { freeNameFor } from '../calls/save-verdicts.ts';
import { type Database, type Sql, transact, transactBulk } from '../database/database.ts';
import { analyzeNewTables } from '../database/statistics.ts';

/**
 * Batches: their rows as facts, how far those have been advanced, and their end. A row that is no fact of any call (it
 * cannot be read, or stands twice) has its outcome from the start and belongs to no stem: `<stem of the file>/<row>` is
 * one that no file name can have. A row that names no recording is known by what it says, `row/<digest>`: the same row sent
 * again is that row, and another batch of the same name holds others.
 */
export function createBatchStore(db: Database): BatchStore {
  return {
    saveBatch: (tenantId, fileId, facts, reading) => saveBatch(db, tenantId, fileId, facts, reading),

    async findRowsToAdvance(tenantId, fileId, { chunks, rows }) {
      const found = await db.query<{ row: number; stem: string }>(
        `select r.row, r.stem from batches b
           join call_records r on r.tenant_id = b.tenant_id and r.file_id = b.file_id and r.row > b.advanced_row
          where b.tenant_id = $1 and b.file_id = $2 and b.advanced_at is null and r.outcome_code is null
          order by r.row limit $3`,
        [tenantId, fileId, chunks * rows],
        'rows-to-advance',
      );
      return Array.from({ length: Math.ceil(found.length / rows) }, (_, n) => {
        const chunk = found.slice(n * rows, (n + 1) * rows);
        return {
          lastRow: chunk.at(-1)!.row,
          callKeys: [...new Set(chunk.map(({ stem }) => keyOfStem(stem)))],
        };
      });
    },

    async markAdvanced(tenantId, fileId, lastRow) {
      await db.execute(
        `update batches b set advanced_row = greatest(advanced_row, coalesce($3, row_count)),
                advanced_at = case when $3::int is null then callbay_now() end
          where tenant_id = $1 and file_id = $2 and advanced_at is null
            and ($3::int is not null or not exists (
              select from call_records r where r.tenant_id = $1 and r.file_id = $2 and r.row > b.advanced_row
                 and r.outcome_code is null))`,
        [tenantId, fileId, lastRow],
      );
    },

    keepPlansGood: () => analyzeNewTables(db),

    async leaveUndecided(tenantId, fileId, lastRow) {
      await db.execute(
        `insert into calls (tenant_id, call_key, due_at)
         select distinct $1, 'stem:' || r.stem collate "C" as key, callbay_now() from call_records r
           join batches b on b.tenant_id = r.tenant_id and b.file_id = r.file_id
          where r.tenant_id = $1 and r.file_id = $2 and r.row > b.advanced_row and r.row <= $3 and r.outcome_code is null
          order by key
             on conflict (tenant_id, call_key) do update set due_at = callbay_now()`,
        [tenantId, fileId, lastRow],
      );
    },

    async findUnadvanced(limit, exceptFileIds) {
      const rows = await db.query<{ tenant_id: string; file_id: string }>(
        `select tenant_id, file_id from (
           select b.tenant_id, b.file_id, row_number() over (partition by b.tenant_id order by f.receive_seq) as nth
             from batches b join files f on f.tenant_id = b.tenant_id and f.id = b.file_id
            where b.advanced_at is null and b.file_id <> all($2::uuid[])) open
          order by nth, tenant_id limit $1`,
        [limit, exceptFileIds],
      );
      return rows.map((row) => ({ tenantId: row.tenant_id, fileId: row.file_id }));
    },

    async expireRows(limit) {
      const expired = await db.query<ExpiredRow>(
        `select r.tenant_id, r.file_id, r.row, r.stem, r.named_stem from call_records r
           join files f on f.tenant_id = r.tenant_id and f.id = r.file_id
          where r.is_batch_row and r.state in ('received', 'held') and coalesce(r.outcome_code, '') not in ('READY', 'CRM_PENDING')
            and f.received_at <= callbay_now() - $1 * interval '1 millisecond'
          limit $2`,
        [DROP_RETENTION_MS, limit],
      );
      const byTenant = Map.groupBy(expired, (row) => row.tenant_id);
      const ended: { tenantId: string; callKeys: string[] }[] = [];
      for (const [tenantId, rows] of byTenant) {
        const callKeys = await transact(db, (tx) => expireRows(tx, tenantId, rows));
        ended.push({ tenantId, callKeys });
      }
      return ended;
    },
  };
}

interface ExpiredRow {
  readonly tenant_id: string;
  readonly file_id: string;
  readonly row: number;
  readonly stem: string;
  readonly named_stem: string | null;
}

/** Under the locks of their calls, so that none is surfacing meanwhile. Answers the keys to decide again. */
async function expireRows(tx: Sql, tenantId: string, rows: readonly ExpiredRow[]): Promise<string[]> {
  const stems = rows.flatMap((row) => [row.stem, row.named_stem ?? row.stem]);
  const callKeys = [...new Set(stems)].map(keyOfStem);
  await lockCalls(tx, tenantId, callKeys);
  const { code, message } = outcomeOf('PURGED_UNPAIRED');
  await tx.execute(
    `update call_records r set state = 'rejected', outcome_code = $3, outcome_message = $4, outcome_at = callbay_now()
       from unnest($2::uuid[], $5::int[]) as n(file_id, row)
      where r.tenant_id = $1 and r.file_id = n.file_id and r.row = n.row
        and r.state in ('received', 'held') and coalesce(r.outcome_code, '') not in ('READY', 'CRM_PENDING')`,
    [tenantId, rows.map((row) => row.file_id), code, message, rows.map((row) => row.row)],
  );
  await tx.execute('update calls set due_at = callbay_now() where tenant_id = $1 and call_key = any($2)', [
    tenantId,
    callKeys,
  ]);
  return callKeys;
}

/** What makes the transaction roll back although nothing went wrong. */
class Refused extends Error {
  readonly end: BatchEnd;
  constructor(end: BatchEnd) {
    super('the batch was not stored');
    this.end = end;
  }
}

async function saveBatch(
  db: Database,
  tenantId: string,
  fileId: string,
  facts: BatchFacts,
  reading: RowReading<BatchReadReport>,
): Promise<BatchEnd> {
  try {
    return await transactBulk(db, async (tx, client) => {
      if (!(await takeFile(tx, tenantId, fileId))) throw new Refused({ kind: 'gone' });
      await tx.execute(
        `create temp table batch_rows (row int, line int, named_stem text, raw jsonb, nested_paths jsonb, at text,
           issues jsonb) on commit drop`,
      );
      await pipeline(reading.rows, client.query(copyFrom('copy batch_rows from stdin')));
      const report = await reading.report;
      if (report.issues.length > 0) throw new Refused({ kind: 'refused', issues: report.issues });
      if (report.rows === 0) {
        const none = issue('METADATA_INVALID', 'The file has no row of data below its header.');
        throw new Refused({ kind: 'refused', issues: [none] });
      }
      const left = await removeSidecar(tx, tenantId, fileId);
      await insertRows(tx, tenantId, fileId, facts.stem);
      await lockRows(tx, tenantId, 'writer');
      const wakes = await endFile(tx, tenantId, fileId, facts, report);
      if (wakes === null) throw new Refused({ kind: 'gone' });
      return { kind: 'saved', wakes: [...left, ...wakes] };
    });
  } catch (error) {
    if (error instanceof Refused) return error.end;
    throw error;
  }
}

/** Whether this transaction alone stores the file's rows, and nobody has: its job may run twice, and takes long. */
async function takeFile(tx: Sql, tenantId: string, fileId: string): Promise<boolean> {
  const [lock] = await tx.query<{ got: boolean }>(
    `select pg_try_advisory_xact_lock(hashtextextended('callbay.batch ' || $1 || ' ' || $2, 0)) as got`,
    [tenantId, fileId],
  );
  if (!lock?.got) return false;
  const unread = await tx.query(
    'select from files where tenant_id = $1 and id = $2 and classified_at is null and purged_at is null',
    [tenantId, fileId],
  );
  return unread.length > 0;
}

/** What the file was taken for before it was replayed: its record would go on speaking for the file. */
async function removeSidecar(tx: Sql, tenantId: string, fileId: string): Promise<string[]> {
  const left = await tx.query<{ stem: string }>(
    `delete from call_records where tenant_id = $1 and file_id = $2 and not is_batch_row
     returning coalesce(named_stem, stem) as stem`,
    [tenantId, fileId],
  );
  return left.map(({ stem }) => keyOfStem(stem));
}

/**
 * Of rows that name one recording, identical ones are one and different ones contradict each other. Source: C15,
 * case 29.
 */
async function insertRows(tx: Sql, tenantId: string, fileId: string, stem: string): Promise<void> {
  const [same, conflicting] = [
    outcomeSaying('DUPLICATE', 'An earlier row of the file says the same.'),
    outcomeOf('CONFLICTING_ROWS'),
  ];
  await tx.execute('analyze batch_rows');
  await tx.execute(
    `insert into call_records (tenant_id, file_id, row, line, stem, named_stem, raw, nested_paths, at, issues, is_batch_row,
            state, outcome_code, outcome_message, outcome_at)
     select $1, $2, row, line,
            case when code is not null then $3 || '/' || row else coalesce(named_stem, 'row/' || md5(raw::text)) end,
            case when code is null then named_stem end,
            raw, nested_paths, at, issues, true,
            case when code is null then 'received' when code = 'DUPLICATE' then 'done' else 'rejected' end,
            code,
            case code when 'DUPLICATE' then $4 when 'CONFLICTING_ROWS' then $5 else issues -> 0 ->> 'message' end,
            case when code is not null then callbay_now() end
       from (
         select b.*, case when issues <> '[]' then issues -> 0 ->> 'code'
                          when sayings > 1 then 'CONFLICTING_ROWS'
                          when row > first_row then 'DUPLICATE' end as code
           from batch_rows b
           left join (
             select named_stem as stem, min(row) as first_row, count(distinct md5(raw::text)) as sayings
               from batch_rows where named_stem is not null and issues = '[]'
              group by named_stem having count(*) > 1
           ) repeated on repeated.stem = b.named_stem
       ) judged`,
    [tenantId, fileId, stem, same.message, conflicting.message],
  );
  await tx.execute(
    `insert into linkage_records (tenant_id, file_id, row, due_at, ambiguous_matches)
     select tenant_id, file_id, row, callbay_now(), '{}' from call_records
      where tenant_id = $1 and file_id = $2 and named_stem is null and outcome_code is null
        and exists (select 1 from external_recordings where tenant_id = $1)`,
    [tenantId, fileId],
  );
}

/** Null where another process ended it meanwhile. Else the call keys that waited for it to be read. */
async function endFile(
  tx: Sql,
  tenantId: string,
  fileId: string,
  facts: BatchFacts,
  report: BatchReadReport,
): Promise<string[] | null> {
  const [file] = await tx.query<{ name: string; is_removed: boolean; place: number }>(
    `select name, withdrawn_seq is not null as is_removed, coalesce(replay_seq, receive_seq) as place from files
      where tenant_id = $1 and id = $2 and classified_at is null and purged_at is null for update`,
    [tenantId, fileId],
  );
  if (!file) return null;
  // Removed before anybody read it: none of its rows counts.
  if (file.is_removed)
    await tx.execute('delete from call_records where tenant_id = $1 and file_id = $2', [tenantId, fileId]);
  const outcome = file.is_removed ? outcomeOf('WITHDRAWN') : outcomeSaying('BATCH_DONE', sayRows(report));
  const warnings = [
    ...facts.warnings,
    ...report.warnings,
    ...(await warningsOf(tx, tenantId, fileId, facts)),
  ];
  const shownName = await freeNameFor(tx, tenantId, 'processed', { id: fileId, name: file.name });
  await tx.execute(
    `with done as (
       update files set kind = 'batch', sha256 = $3, classified_at = callbay_now(), fact_warnings = $4::jsonb,
              warnings = $4::jsonb, call_key = null, state = $5, outcome_code = $6, outcome_message = $7, outcome_fix = $8,
              outcome_at = callbay_now(), folder = case $5 when 'done' then 'processed' else 'data' end,
              shown_name = case $5 when 'done' then $9 else name end
        where tenant_id = $1 and id = $2
     )
     insert into file_steps (tenant_id, file_id, at, step, code, message, detail, dedupe)
     values ($1, $2, callbay_now(), 'classified', null, 'The file was read.', $10::jsonb, gen_random_uuid()::text),
            ($1, $2, callbay_now(), $5, $6, $7, '{}', gen_random_uuid()::text)`,
    [
      ...[tenantId, fileId, facts.sha256, JSON.stringify(warnings)],
      ...[file.is_removed ? 'withdrawn' : 'done', outcome.code, outcome.message, outcome.fix, shownName],
      JSON.stringify({ kind: 'batch', sha256: facts.sha256, rows: report.rows, badRows: report.badRows }),
    ],
  );
  await tx.execute(
    `insert into batches (tenant_id, file_id, row_count, advanced_at)
     values ($1, $2, $3, case when $4 then callbay_now() end)`,
    [tenantId, fileId, report.rows, file.is_removed],
  );
  return wakeWaitingCalls(tx, tenantId, file.place);
}

const sayRows = ({ rows, badRows }: BatchReadReport): string =>
  badRows === 0 ? `It holds ${rows} rows.` : `It holds ${rows} rows, of which ${badRows} cannot be read.`;

/** Source: case 30, case 31. */
async function warningsOf(tx: Sql, tenantId: string, fileId: string, facts: BatchFacts): Promise<Issue[]> {
  const [found] = await tx.query<{ is_reused: boolean; has_recording: boolean }>(
    `select exists (select from files b where b.tenant_id = $1 and b.name = f.name and b.drop = f.drop and b.kind = 'batch'
                       and b.receive_seq < f.receive_seq and b.sha256 <> $3) as is_reused,
            exists (select from files r where r.tenant_id = $1 and r.stem = $4 and r.ext = any($5)
                       and r.receive_seq < f.receive_seq) as has_recording
       from files f where f.tenant_id = $1 and f.id = $2`,
    [tenantId, fileId, facts.sha256, facts.stem, [...MEDIA_EXTENSIONS]],
  );
  const warnings: Issue[] = [];
  if (found?.is_reused) {
    const message =
      'An earlier batch of this name held other rows: both count. Give every batch a name of its own.';
    warnings.push(issue('BATCH_NAME_REUSED', message));
  }
  if (found?.has_recording || facts.isNamedAsSidecar) {
    const message =
      'The file is named like a recording and holds several rows: each is taken as a call of its own.';
    warnings.push(issue('SIDECAR_AS_BATCH', message));
  }
  return warnings;
}
