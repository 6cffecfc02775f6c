import type { ReceiptEntry } from '@callbay/ingestion';
import { countBatchRows, listBatchRows } from '../batch/batch-rows.ts';
import { findHints } from '../calls/near-misses.ts';
import type { Database, Sql } from '../database/database.ts';
import { FILE_ROW_COLUMNS, type FileCall, type FileRow, toFileView } from './file-rows.ts';

/**
 * Receipts are kept 30 days from arrival. `<name>.json` is that of the newest file of a name; `<name>~<n>.json` that of
 * its n-th, counted from the first ever received, so that a name once given to an earlier file stays its own. Where a
 * customer's own name ends in `~<n>`, that file's receipt keeps the name.
 */
interface ReceiptRow extends FileRow, FileCall {
  readonly receiveSeq: number;
  readonly ordinal: number;
  readonly isNewest: boolean;
  /** A file of the customer's own is called as this version's receipt would be. */
  readonly isNameTaken: boolean;
}

/** `ordinal` null asks for the newest. */
interface ReceiptName {
  readonly name: string;
  readonly ordinal: number | null;
}

const VERSIONED = /^(.*)~([1-9]\d{0,8})$/s;

/**
 * The file at a receive sequence of tenant $1, with its call. The limits keep each a look-up by key: joined, all files or
 * calls of the tenant may be read for a page.
 */
const fileAt = (seq: string): string => `LATERAL (
    SELECT * FROM files WHERE files.tenant_id = $1 AND files.receive_seq = ${seq} LIMIT 1) f LEFT JOIN LATERAL (
    SELECT call_id, updates_until FROM calls WHERE calls.tenant_id = $1 AND calls.call_key = f.call_key LIMIT 1) c ON true`;

/** Written as a value that is looked up for each row: of EXISTS, the planner may make a table of all names instead. */
const IS_NEWEST = `(SELECT v.receive_seq FROM files v
    WHERE v.tenant_id = $1 AND v.drop = 'sftp' AND v.name = f.name AND v.receive_seq > f.receive_seq LIMIT 1
  ) IS NULL AS "isNewest"`;

const KEPT_DAYS = 30;
const IS_KEPT = `f.received_at > callbay_now() - interval '${KEPT_DAYS} days'`;
/** Word for word the expression of the index `files_of_days`. */
const DAY = `(f.received_at AT TIME ZONE 'UTC')::date`;

/**
 * At most $4 versions after version $3 of name $2, each with its ordinal: how many versions lie between it and the one
 * before it on the page, added up. Each day that receipts are kept gives as many as a page holds, in the order of one index,
 * so that what is read does not grow with what a tenant ever sent.
 */
export const LIST_RECEIPTS = `
WITH clock AS MATERIALIZED (SELECT callbay_now() AS now), days AS MATERIALIZED (
  SELECT (now AT TIME ZONE 'UTC')::date - ago AS day, now - interval '${KEPT_DAYS} days' AS since
    FROM clock, generate_series(0, ${KEPT_DAYS}) AS ago
), page AS MATERIALIZED (
  SELECT kept.name, kept.receive_seq FROM days, LATERAL (
    SELECT f.name, f.receive_seq FROM files f
     WHERE f.tenant_id = $1 AND f.drop = 'sftp' AND ${DAY} = days.day
       AND (f.name, f.receive_seq) > ($2, $3) AND f.received_at > days.since
     ORDER BY f.name, f.receive_seq LIMIT $4) kept
   ORDER BY kept.name, kept.receive_seq LIMIT $4
), spans AS (
  SELECT name, receive_seq, coalesce(lag(receive_seq) OVER (PARTITION BY name ORDER BY receive_seq), 0) AS since FROM page
), counted AS (
  SELECT name, receive_seq,
         (SELECT count(*) FROM files v
           WHERE v.tenant_id = $1 AND v.drop = 'sftp' AND (v.name, v.receive_seq) > (spans.name, spans.since)
             AND (v.name, v.receive_seq) <= (spans.name, spans.receive_seq)) AS more
    FROM spans
), numbered AS (
  SELECT receive_seq, sum(more) OVER (PARTITION BY name ORDER BY receive_seq)::int AS ordinal FROM counted
)
SELECT ${FILE_ROW_COLUMNS}, f.receive_seq AS "receiveSeq", n.ordinal, ${IS_NEWEST},
       (SELECT own.receive_seq FROM files own
         WHERE own.tenant_id = $1 AND own.drop = 'sftp' AND own.name = f.name || '~' || n.ordinal LIMIT 1
       ) IS NOT NULL AS "isNameTaken"
  FROM numbered n, ${fileAt('n.receive_seq')}
 ORDER BY f.name, f.receive_seq`;

const FIND_NEWEST = `
SELECT ${FILE_ROW_COLUMNS}, f.receive_seq AS "receiveSeq", 0 AS ordinal, true AS "isNewest", false AS "isNameTaken"
  FROM ${fileAt(`(SELECT v.receive_seq FROM files v WHERE v.tenant_id = $1 AND v.drop = 'sftp' AND v.name = $2
                   ORDER BY v.name DESC, v.receive_seq DESC LIMIT 1)`)}
 WHERE ${IS_KEPT}`;

/** The place of version $3 of name $2. */
const SEQ_OF_VERSION = `
SELECT v.receive_seq AS seq FROM files v WHERE v.tenant_id = $1 AND v.drop = 'sftp' AND v.name = $2
 ORDER BY v.name, v.receive_seq OFFSET $3 - 1 LIMIT 1`;

const FIND_VERSION = `
SELECT * FROM (
  SELECT ${FILE_ROW_COLUMNS}, f.receive_seq AS "receiveSeq", $3::int AS ordinal, ${IS_NEWEST}, false AS "isNameTaken"
    FROM ${fileAt(`(${SEQ_OF_VERSION})`)}
   WHERE ${IS_KEPT}
) version WHERE NOT "isNewest"`;

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

/** What became of the file and what to do stand first: most readers need no more. */
export async function renderReceipt(
  sql: Sql,
  tenantId: string,
  row: FileRow & FileCall,
  hints: readonly string[],
): Promise<Buffer> {
  const { name, state, outcome, warnings, ...rest } = toFileView(row, row);
  const told = {
    name,
    state,
    outcome: outcome && {
      message: outcome.message,
      fix: outcome.fix,
      code: outcome.code,
      at: outcome.at,
    },
    ...(hints.length === 0 ? {} : { hints }),
    warnings,
    ...(row.kind === 'batch' ? await rowsOf(sql, tenantId, row.id) : {}),
    ...rest,
  };
  return Buffer.from(`${JSON.stringify(told, null, 2)}\n`);
}

async function rowsOf(sql: Sql, tenantId: string, fileId: string) {
  const rows = await listBatchRows(sql, tenantId, fileId, { limit: RECEIPT_ROWS, afterRow: 0 });
  return {
    rowCounts: await countBatchRows(sql, tenantId, fileId),
    rows: rows.map(({ line, state, code, message, callId }) => ({ line, state, code, message, callId })),
  };
}

const entryOf = async (
  sql: Sql,
  tenantId: string,
  row: ReceiptRow,
  hints: readonly string[],
): Promise<ReceiptEntry> => ({
  name: row.isNewest ? `${row.name}.json` : `${row.name}~${row.ordinal}.json`,
  sizeBytes: (await renderReceipt(sql, tenantId, row, hints)).length,
  modifiedAt: row.outcomeAt ?? row.receivedAt,
});

interface Place {
  readonly name: string;
  readonly receiveSeq: number;
}

/** After the newest version of a name comes the next name: no version is beyond this one. */
const BEYOND_ALL = Number.MAX_SAFE_INTEGER;

async function placeOf(sql: Sql, tenantId: string, receipt: string | null): Promise<Place> {
  const of = receipt === null ? null : await readReceiptName(sql, tenantId, receipt);
  if (of === null) return { name: '', receiveSeq: BEYOND_ALL };
  if (of.ordinal === null) return { name: of.name, receiveSeq: BEYOND_ALL };
  const [version] = await sql.query<{ seq: number }>(SEQ_OF_VERSION, [tenantId, of.name, of.ordinal]);
  return { name: of.name, receiveSeq: version?.seq ?? BEYOND_ALL };
}

/** One page of receipts by file name, oldest version first. */
export async function listReceipts(
  db: Database,
  tenantId: string,
  page: { afterName: string | null; limit: number },
): Promise<ReceiptEntry[]> {
  const entries: ReceiptEntry[] = [];
  let after = await placeOf(db, tenantId, page.afterName);
  for (;;) {
    const values = [tenantId, after.name, after.receiveSeq, page.limit];
    const rows = await db.query<ReceiptRow>(LIST_RECEIPTS, values, 'list_receipts');
    const hints = await findHints(db, tenantId, rows);
    for (const [n, row] of rows.entries()) {
      if (entries.length === page.limit) return entries;
      // The name belongs to the receipt of a file that the customer called so.
      if (row.isNewest || !row.isNameTaken) entries.push(await entryOf(db, tenantId, row, hints[n] ?? []));
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < page.limit) return entries;
    after = last;
  }
}

async function findRow(sql: Sql, tenantId: string, receipt: string): Promise<ReceiptRow | null> {
  const of = await readReceiptName(sql, tenantId, receipt);
  if (of === null) return null;
  const [row] =
    of.ordinal === null
      ? await sql.query<ReceiptRow>(FIND_NEWEST, [tenantId, of.name], 'find_newest_receipt')
      : await sql.query<ReceiptRow>(FIND_VERSION, [tenantId, of.name, of.ordinal], 'find_receipt_version');
  return row ?? null;
}

/** The entry that `listReceipts` has for one receipt, or null. */
export async function findReceipt(
  db: Database,
  tenantId: string,
  receipt: string,
): Promise<ReceiptEntry | null> {
  const row = await findRow(db, tenantId, receipt);
  if (row === null) return null;
  const [hints = []] = await findHints(db, tenantId, [row]);
  return entryOf(db, tenantId, row, hints);
}

/** The current JSON of one receipt, or null without such a receipt. */
export async function readReceipt(db: Database, tenantId: string, receipt: string): Promise<Buffer | null> {
  const row = await findRow(db, tenantId, receipt);
  if (row === null) return null;
  const [hints = []] = await findHints(db, tenantId, [row]);
  return renderReceipt(db, tenantId, row, hints);
}
