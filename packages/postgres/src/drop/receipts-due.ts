import type { ReceiptsOfFile } from '@callbay/ingestion';
import { findHints } from '../calls/near-misses.ts';
import type { Database } from '../database/database.ts';
import { FILE_ROW_COLUMNS, FILE_ROW_TABLES, type FileCall, type FileRow } from './file-rows.ts';
import { renderReceipt } from './receipts.ts';

interface DueRow extends FileRow, FileCall {
  readonly outcomeAt: Date;
  readonly ordinal: number;
  readonly isNewest: boolean;
  /** The version of the name before this one. */
  readonly beforeId: string | null;
}

type RealDrop = 's3' | 'folder';

/** The condition is word for word that of the index of the drop's files without a receipt. */
const listDueOf = (drop: RealDrop): string => {
  const versions = `FROM files v WHERE v.tenant_id = $1 AND v.drop = '${drop}' AND v.name = f.name`;
  return `
SELECT ${FILE_ROW_COLUMNS},
       (SELECT count(*) ${versions} AND v.receive_seq <= f.receive_seq)::int AS ordinal,
       NOT EXISTS (SELECT ${versions} AND v.receive_seq > f.receive_seq) AS "isNewest",
       (SELECT v.id ${versions} AND v.receive_seq < f.receive_seq ORDER BY v.receive_seq DESC LIMIT 1) AS "beforeId"
  FROM ${FILE_ROW_TABLES}
 WHERE f.tenant_id = $1 AND f.drop = '${drop}' AND f.outcome_at IS NOT NULL
   AND (f.receipt_at IS NULL OR f.receipt_at < f.outcome_at)
 ORDER BY f.receive_seq LIMIT $2`;
};

const FIND = `SELECT ${FILE_ROW_COLUMNS} FROM ${FILE_ROW_TABLES} WHERE f.tenant_id = $1 AND f.id = $2`;

/** Receipts of files whose outcome no receipt states yet, named as those of the SFTP drop are. */
export async function listReceiptsDue(
  db: Database,
  tenantId: string,
  drop: RealDrop,
  limit: number,
): Promise<ReceiptsOfFile[]> {
  const due = await db.query<DueRow>(listDueOf(drop), [tenantId, limit], `list_receipts_due_${drop}`);
  const found: ReceiptsOfFile[] = [];
  for (const row of due) {
    const { id: fileId, outcomeAt, name, ordinal, isNewest } = row;
    const receipts = [
      {
        name: isNewest ? `${name}.json` : `${name}~${ordinal}.json`,
        bytes: await renderWithHints(db, tenantId, row),
      },
    ];
    const before = isNewest ? await findBefore(db, tenantId, row.beforeId) : undefined;
    if (before !== undefined) {
      const bytes = await renderWithHints(db, tenantId, before);
      receipts.unshift({ name: `${name}~${ordinal - 1}.json`, bytes });
    }
    found.push({ fileId, outcomeAt, receipts });
  }
  return found;
}

const findBefore = async (db: Database, tenantId: string, fileId: string | null) =>
  fileId === null ? undefined : (await db.query<FileRow & FileCall>(FIND, [tenantId, fileId]))[0];

async function renderWithHints(db: Database, tenantId: string, row: FileRow & FileCall): Promise<Buffer> {
  const [hints = []] = await findHints(db, tenantId, [row]);
  return renderReceipt(db, tenantId, row, hints);
}

/** Notes that receipts of these outcomes were written. */
export async function recordReceipts(
  db: Database,
  tenantId: string,
  files: readonly Pick<ReceiptsOfFile, 'fileId' | 'outcomeAt'>[],
): Promise<void> {
  await db.execute(
    `UPDATE files f SET receipt_at = n.at
       FROM unnest($2::uuid[], $3::timestamptz[]) AS n(id, at) WHERE f.tenant_id = $1 AND f.id = n.id`,
    [tenantId, files.map(({ fileId }) => fileId), files.map(({ outcomeAt }) => outcomeAt)],
    'record_receipts',
  );
}

/** Keeps that a purged file is gone from its drop too, so that no scan removes it again. */
export async function recordCleared(db: Database, tenantId: string, fileId: string): Promise<void> {
  await db.execute(
    "UPDATE files SET moved_folder = 'cleared' WHERE tenant_id = $1 AND id = $2 AND purged_at IS NOT NULL",
    [tenantId, fileId],
    'record_cleared',
  );
}
