import type { ReceiptEntry } from '@callbay/ingestion';
import { countBatchRows, listBatchRows } from '../batch/batch-rows.ts';
import type { Sql } from '../database/database.ts';
import { FILE_ROW_COLUMNS, FILE_ROW_TABLES, type FileCall, type FileRow, toFileView } from './file-rows.ts';

/**
 * Receipts are kept 30 days from arrival. `<name>.json` is that of the newest file of a name; `<name>~<n>.json` that of
 * its n-th, counted from the first ever received, so that a name once given to an earlier file stays its own. Where a
 * customer's own name ends in `~<n>`, that file's receipt keeps the name.
 */
interface ReceiptRow extends FileRow, FileCall {
  readonly ordinal: number;
  readonly isNewest: boolean;
}

/** `ordinal` null asks for the newest. */
interface ReceiptName {
  readonly name: string;
  readonly ordinal: number | null;
}

const VERSIONED = /^(.*)~([1-9]\d{0,8})$/s;

const LIST_RECEIPTS = `
SELECT * FROM (
  SELECT ${FILE_ROW_COLUMNS},
         row_number() OVER versions AS ordinal,
         lead(f.id) OVER versions IS NULL AS "isNewest"
  FROM ${FILE_ROW_TABLES}
  WHERE f.tenant_id = $1 AND f.drop = 'sftp' AND f.name >= $2
  WINDOW versions AS (PARTITION BY f.name ORDER BY f.receive_seq)
  ORDER BY f.name, f.receive_seq
) receipt
WHERE "receivedAt" > callbay_now() - interval '30 days'
  AND (name > $2 OR ordinal > $3)
  AND ("isNewest" OR NOT EXISTS (
    SELECT FROM files own WHERE own.tenant_id = $1 AND own.drop = 'sftp' AND own.name = receipt.name || '~' || ordinal))
LIMIT $4`;

const FIND_RECEIPT = `
SELECT * FROM (
  SELECT ${FILE_ROW_COLUMNS},
         row_number() OVER versions AS ordinal,
         lead(f.id) OVER versions IS NULL AS "isNewest"
  FROM ${FILE_ROW_TABLES}
  WHERE f.tenant_id = $1 AND f.drop = 'sftp' AND f.name = $2
  WINDOW versions AS (ORDER BY f.receive_seq)
) receipt
WHERE "receivedAt" > callbay_now() - interval '30 days'
  AND (CASE WHEN $3::int IS NULL THEN "isNewest" ELSE ordinal = $3 AND NOT "isNewest" END)`;

const IS_FILE_NAME = `SELECT FROM files WHERE tenant_id = $1 AND drop = 'sftp' AND name = $2 LIMIT 1`;

/** What the receipt named `receipt` is of, or null where the name is not a receipt's. */
async function readReceiptName(sql: Sql, tenantId: string, receipt: string): Promise<ReceiptName | null> {
  if (!receipt.endsWith('.json')) return null;
  const name = receipt.slice(0, -'.json'.length);
  const versioned = VERSIONED.exec(name);
  if (versioned === null || (await sql.query(IS_FILE_NAME, [tenantId, name])).length > 0) {
    return { name, ordinal: null };
  }
  return { name: versioned[1] ?? '', ordinal: Number(versioned[2]) };
}

/** Rows of a batch that its receipt lists one by one; the others are in the counts. */
const RECEIPT_ROWS = 1_000;

async function renderReceipt(sql: Sql, tenantId: string, row: ReceiptRow): Promise<Buffer> {
  const view = toFileView(row, row);
  const told = row.kind === 'batch' ? { ...view, ...(await rowsOf(sql, tenantId, row.id)) } : view;
  return Buffer.from(`${JSON.stringify(told, null, 2)}\n`);
}

async function rowsOf(sql: Sql, tenantId: string, fileId: string) {
  const rows = await listBatchRows(sql, tenantId, fileId, { limit: RECEIPT_ROWS, afterRow: 0 });
  return {
    rowCounts: await countBatchRows(sql, tenantId, fileId),
    rows: rows.map(({ line, state, code, message, callId }) => ({ line, state, code, message, callId })),
  };
}

const entryOf = async (sql: Sql, tenantId: string, row: ReceiptRow): Promise<ReceiptEntry> => ({
  name: row.isNewest ? `${row.name}.json` : `${row.name}~${row.ordinal}.json`,
  sizeBytes: (await renderReceipt(sql, tenantId, row)).length,
  modifiedAt: row.outcomeAt ?? row.receivedAt,
});

/** One page of receipts by file name, oldest version first. */
export async function listReceipts(
  sql: Sql,
  tenantId: string,
  page: { afterName: string | null; limit: number },
): Promise<ReceiptEntry[]> {
  const after = page.afterName === null ? null : await readReceiptName(sql, tenantId, page.afterName);
  // After the newest version of a name comes the next name: no ordinal is beyond this one.
  const afterOrdinal = after?.ordinal ?? 2 ** 31;
  const rows = await sql.query<ReceiptRow>(LIST_RECEIPTS, [
    tenantId,
    after?.name ?? '',
    afterOrdinal,
    page.limit,
  ]);
  const entries: ReceiptEntry[] = [];
  for (const row of rows) entries.push(await entryOf(sql, tenantId, row));
  return entries;
}

async function findRow(sql: Sql, tenantId: string, receipt: string): Promise<ReceiptRow | null> {
  const of = await readReceiptName(sql, tenantId, receipt);
  if (of === null) return null;
  const [row] = await sql.query<ReceiptRow>(FIND_RECEIPT, [tenantId, of.name, of.ordinal]);
  return row ?? null;
}

/** The entry that `listReceipts` has for one receipt, or null. */
export async function findReceipt(sql: Sql, tenantId: string, receipt: string): Promise<ReceiptEntry | null> {
  const row = await findRow(sql, tenantId, receipt);
  return row === null ? null : entryOf(sql, tenantId, row);
}

/** The current JSON of one receipt, or null without such a receipt. */
export async function readReceipt(sql: Sql, tenantId: string, receipt: string): Promise<Buffer | null> {
  const row = await findRow(sql, tenantId, receipt);
  return row === null ? null : renderReceipt(sql, tenantId, row);
}
