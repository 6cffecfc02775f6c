import {
  type Explanation,
  type ExplanationQuery,
  type FileView,
  pageOf,
  type RowsOfPage,
} from '@callbay/contracts';
import { STEP_SENTENCES } from '@callbay/core';
import type { FileReader } from '@callbay/ingestion';
import { pageOfBatchRows } from '../batch/batch-rows.ts';
import { readRowTable } from '../batch/row-table.ts';
import { findHints } from '../calls/near-misses.ts';
import type { Database, Sql } from '../database/database.ts';
import { queryPage } from '../database/page.ts';
import {
  FILE_ROW_COLUMNS,
  FILE_ROW_TABLES,
  type FileCall,
  type FileRow,
  HEAVY_FILE_COLUMNS,
  LIGHT_FILE_COLUMNS,
  toFileView,
} from './file-rows.ts';
import { STEPS_OF_FILE } from './folded-steps.ts';

type Step = Explanation['steps'][number];
type OneRow = FileRow & FileCall & { readonly sentBy: string };
type Row = FileRow & FileCall & { readonly receiveSeq: number; readonly warnings: string };

const ARRIVALS = ['received', 'refused'];

const LIST_FILES = `FROM ${FILE_ROW_TABLES}
   WHERE f.tenant_id = $1 AND ($2::bigint IS NULL OR f.receive_seq < $2)
     AND ($3::text IS NULL OR f.state = $3) AND ($4::text IS NULL OR f.kind = $4)
     AND ($5::text IS NULL OR f.outcome_code = $5) AND ($6::text IS NULL OR f.name = $6)
     AND ($7::text IS NULL OR f.name ILIKE $7) AND ($8::timestamptz IS NULL OR f.received_at >= $8)
     AND ($9::timestamptz IS NULL OR f.received_at < $9) AND ($10::text IS NULL OR f.sent_by = $10)
   ORDER BY f.receive_seq DESC LIMIT`;

const FIND_FILE = `SELECT ${FILE_ROW_COLUMNS}, f.sent_by AS "sentBy" FROM ${FILE_ROW_TABLES}
   WHERE f.tenant_id = $1 AND f.id = $2`;

export function createFileReader(db: Database): FileReader {
  const findRow = async (tenantId: string, fileId: string): Promise<OneRow | undefined> =>
    (await db.query<OneRow>(FIND_FILE, [tenantId, fileId], 'find_file'))[0];

  const findFile = async (tenantId: string, fileId: string): Promise<FileView | null> => {
    const row = await findRow(tenantId, fileId);
    return row === undefined ? null : { ...toView(row), ...(await hintsFor(db, tenantId, row)) };
  };

  return {
    findFile,

    async listFiles(tenantId, { limit, cursor, state, kind, code, name, q, from, to, sentBy }) {
      const part = q === undefined ? undefined : `%${q.replace(/[\\%_]/g, '\\$&')}%`;
      const filters = [state, kind, code, name, part, from, to, sentBy].map((value) => value ?? null);
      const page = await queryPage<Row>(db, {
        light: { ...LIGHT_FILE_COLUMNS, receiveSeq: 'f.receive_seq' },
        heavy: HEAVY_FILE_COLUMNS,
        limit,
        omitsLarge: false,
        statement: (select, rows) => ({
          text: `SELECT ${select} ${LIST_FILES} ${rows}`,
          values: [tenantId, cursor ?? null, ...filters],
        }),
      });
      return pageOf(
        page,
        (row) => toView({ ...row, warnings: JSON.parse(row.warnings) as unknown }),
        (row) => row.receiveSeq,
      );
    },

    async listRows(tenantId, fileId, { limit, cursor, state, code }) {
      if ((await findFile(tenantId, fileId)) === null) return null;
      const page = await pageOfBatchRows(db, tenantId, fileId, { limit, afterRow: cursor ?? 0, state, code });
      return pageOf(
        page,
        ({ bytes: _, ...row }) => row,
        ({ row }) => row,
      );
    },

    readRowTable: async (tenantId, fileId, filter) =>
      (await findFile(tenantId, fileId)) === null ? null : readRowTable(db, tenantId, fileId, filter),

    async explainFile(tenantId, fileId, { limit, cursor }) {
      const row = await findRow(tenantId, fileId);
      if (row === undefined) return null;
      const page = await readSteps(db, tenantId, fileId, { limit, cursor });
      const { items, nextCursor } = pageOf(page, toStep, ({ at, id }) => [at.toISOString(), id]);
      const isFirst = cursor === undefined && !(await isArrivalStored(db, tenantId, fileId));
      const file = { ...toView(row), ...(await hintsFor(db, tenantId, row)) };
      return { file, steps: isFirst ? [arrivalOf(row), ...items] : items, nextCursor };
    },
  };
}

interface StepRow {
  readonly id: number;
  readonly at: Date;
  readonly step: string;
  readonly code: string | null;
  readonly message: string;
  readonly detail: string;
}

const readSteps = (
  sql: Sql,
  tenantId: string,
  fileId: string,
  { limit, cursor }: ExplanationQuery,
): Promise<RowsOfPage<StepRow>> =>
  queryPage<StepRow>(sql, {
    light: { id: 'id', at: 'at', step: 'step', code: 'code' },
    heavy: { message: 'message', detail: 'detail' },
    limit,
    omitsLarge: false,
    statement: (select, rows) => ({
      text: `SELECT ${select} FROM ${STEPS_OF_FILE} steps
              WHERE ($3::timestamptz IS NULL OR (at, id) > ($3, $4))
              ORDER BY at, id LIMIT ${rows}`,
      values: [tenantId, fileId, ...(cursor ?? [null, null])],
    }),
  });

const toStep = ({ at, step, code, message, detail }: StepRow): Step => ({
  at: at.toISOString(),
  step,
  code,
  message,
  detail: JSON.parse(detail) as Record<string, unknown>,
});

/** Of files that came another way, or under an earlier version. */
async function isArrivalStored(sql: Sql, tenantId: string, fileId: string): Promise<boolean> {
  const stored = await sql.query(`SELECT FROM ${STEPS_OF_FILE} steps WHERE step = ANY ($3) LIMIT 1`, [
    tenantId,
    fileId,
    ARRIVALS,
  ]);
  return stored.length > 0;
}

/** The first step of a file that came whole: intake stores the row and no step beside it. */
const arrivalOf = ({ drop, sizeBytes, sentBy, receivedAt }: OneRow): Step => ({
  at: receivedAt.toISOString(),
  step: 'received',
  code: null,
  message: STEP_SENTENCES.received,
  detail: { drop, sizeBytes: Number(sizeBytes), sentBy },
});

/** The hints of one file, or nothing where it has none. */
async function hintsFor(db: Database, tenantId: string, row: FileRow): Promise<Pick<FileView, 'hints'>> {
  const [hints = []] = await findHints(db, tenantId, [row]);
  return hints.length === 0 ? {} : { hints };
}

const toView = (row: FileRow & FileCall): FileView => {
  const view = toFileView(row, row);
  return { ...view, warnings: [...view.warnings] };
};
