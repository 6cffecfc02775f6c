import { type Explanation, type FileView, toPage } from '@callbay/contracts';
import { STEP_SENTENCES } from '@callbay/core';
import type { FileReader } from '@callbay/ingestion';
import { listBatchRows } from '../batch/batch-rows.ts';
import type { Database } from '../database/database.ts';
import { readPrisma } from '../database/read-prisma.ts';
import { FILE_ROW_COLUMNS, FILE_ROW_TABLES, type FileCall, type FileRow, toFileView } from './file-rows.ts';

type Step = Explanation['steps'][number];
type OneRow = FileRow & FileCall & { readonly sentBy: string };
type Row = FileRow & FileCall & { readonly receiveSeq: number };

/** Steps that are stored for files that came another way, or under an earlier version. */
const ARRIVALS: ReadonlySet<string> = new Set(['received', 'refused']);

/** A file's story never comes near this many steps. */
const MAX_STEPS = 1000;

const LIST_FILES = `
  SELECT ${FILE_ROW_COLUMNS}, f.receive_seq AS "receiveSeq" FROM ${FILE_ROW_TABLES}
   WHERE f.tenant_id = $1 AND ($2::bigint IS NULL OR f.receive_seq < $2)
     AND ($3::text IS NULL OR f.state = $3) AND ($4::text IS NULL OR f.kind = $4)
     AND ($5::text IS NULL OR f.outcome_code = $5) AND ($6::text IS NULL OR f.name = $6)
   ORDER BY f.receive_seq DESC LIMIT $7`;

const FIND_FILE = `SELECT ${FILE_ROW_COLUMNS}, f.sent_by AS "sentBy" FROM ${FILE_ROW_TABLES}
   WHERE f.tenant_id = $1 AND f.id = $2`;

export function createFileReader(db: Database): FileReader {
  const findRow = async (tenantId: string, fileId: string): Promise<OneRow | undefined> =>
    (await db.query<OneRow>(FIND_FILE, [tenantId, fileId], 'find_file'))[0];

  const findFile = async (tenantId: string, fileId: string): Promise<FileView | null> => {
    const row = await findRow(tenantId, fileId);
    return row === undefined ? null : toView(row);
  };

  return {
    findFile,

    async listFiles(tenantId, { limit, cursor, state, kind, code, name }) {
      const filters = [state, kind, code, name].map((value) => value ?? null);
      const rows = await db.query<Row>(LIST_FILES, [tenantId, cursor ?? null, ...filters, limit + 1]);
      return toPage(rows, limit, toView, (row) => row.receiveSeq);
    },

    async listRows(tenantId, fileId, { limit, cursor, state, code }) {
      if ((await findFile(tenantId, fileId)) === null) return null;
      const page = { limit: limit + 1, afterRow: cursor ?? 0, state, code };
      const rows = await listBatchRows(db, tenantId, fileId, page);
      return toPage(
        rows,
        limit,
        (row) => row,
        ({ row }) => row,
      );
    },

    async explainFile(tenantId, fileId) {
      const row = await findRow(tenantId, fileId);
      if (row === undefined) return null;
      const told = await readPrisma(db, (prisma) =>
        prisma.fileStep.findMany({
          where: { tenantId, fileId },
          orderBy: [{ at: 'asc' }, { id: 'asc' }],
          take: MAX_STEPS,
        }),
      );
      const steps = told.map(
        ({ at, step, code, message, detail }): Step => ({
          at: at.toISOString(),
          step,
          code,
          message,
          detail: detail as Record<string, unknown>,
        }),
      );
      const isArrivalTold = steps.some(({ step }) => ARRIVALS.has(step));
      return { file: toView(row), steps: isArrivalTold ? steps : [arrivalOf(row), ...steps] };
    },
  };
}

/** The first step of a file that came whole: intake stores the row and no step beside it. */
const arrivalOf = ({ drop, sizeBytes, sentBy, receivedAt }: OneRow): Step => ({
  at: receivedAt.toISOString(),
  step: 'received',
  code: null,
  message: STEP_SENTENCES.received,
  detail: { drop, sizeBytes: Number(sizeBytes), sentBy },
});

const toView = (row: FileRow & FileCall): FileView => {
  const view = toFileView(row, row);
  return { ...view, warnings: [...view.warnings] };
};
