import type { BatchSlice, SliceSize } from '@callbay/ingestion';
import { keyOfStem } from '../calls/facts-of-rows.ts';
import { intervalSql } from '../database/constants.ts';
import { type Database, type Sql, transact } from '../database/database.ts';

/*
 * Who advances which rows of a batch. A slice is claimed under the lock of the batch's row, and is gone once its rows are
 * advanced. A process that dies leaves its slice to whoever finds the lease over; one that is only slow may share its rows
 * with another, which decides them the same way.
 */

/** Many times what the rows of a slice take on a busy machine. */
const LEASE_MS = 60_000;

interface Claim {
  readonly after_row: number;
  readonly last_row: number;
}

interface OpenBatch {
  readonly claimed_row: number;
  readonly row_count: number;
  readonly rows_of_bytes: number;
}

/**
 * Rows that nobody has claimed come first: a batch that ends with rows of a process that died is not held up by them. The
 * batch is ended here, where all its slices have.
 */
export const claimSlice = (
  db: Database,
  tenantId: string,
  fileId: string,
  size: SliceSize,
): Promise<BatchSlice | null> =>
  transact(db, async (tx) => {
    const [batch] = await tx.query<OpenBatch>(
      `SELECT b.claimed_row, b.row_count, ($3::bigint * b.row_count / greatest(f.size_bytes, 1))::int AS rows_of_bytes
         FROM batches b JOIN files f ON f.tenant_id = b.tenant_id AND f.id = b.file_id
        WHERE b.tenant_id = $1 AND b.file_id = $2 AND b.advanced_at IS NULL FOR UPDATE OF b`,
      [tenantId, fileId, size.bytes],
      'lock-batch',
    );
    if (!batch) return null;
    const chunkRows = Math.max(1, Math.min(size.rows, batch.rows_of_bytes));
    for (;;) {
      const claim =
        (await claimNext(tx, tenantId, fileId, batch, chunkRows * size.chunks)) ??
        (await claimAbandoned(tx, tenantId, fileId));
      if (!claim) {
        await endBatch(tx, tenantId, fileId);
        return null;
      }
      const stems = await undecidedStems(tx, tenantId, fileId, claim);
      const slice = {
        afterRow: claim.after_row,
        lastRow: claim.last_row,
        chunks: chunksOf(stems, chunkRows),
      };
      if (stems.length > 0) return slice;
      // Whoever had it died when all was decided.
      await finishSlice(tx, tenantId, fileId, slice);
    }
  });

/** Claims the next rows, from the first that is not decided; null where there are none. */
async function claimNext(
  tx: Sql,
  tenantId: string,
  fileId: string,
  { row_count }: OpenBatch,
  rows: number,
): Promise<Claim | null> {
  const [claim] = await tx.query<Claim>(
    `WITH next AS (
       SELECT row FROM call_records r
        WHERE tenant_id = $1 AND file_id = $2 AND is_batch_row AND outcome_code IS NULL
          AND row > (SELECT claimed_row FROM batches WHERE tenant_id = $1 AND file_id = $2)
        ORDER BY row LIMIT $3
     ), claimed AS (
       UPDATE batches SET claimed_row = coalesce((SELECT max(row) FROM next), $4)
        WHERE tenant_id = $1 AND file_id = $2
     )
     INSERT INTO batch_slices (tenant_id, file_id, after_row, last_row, leased_until)
     SELECT $1, $2, min(row) - 1, max(row), callbay_now() + ${intervalSql(LEASE_MS)} FROM next HAVING count(*) > 0
     RETURNING after_row, last_row`,
    [tenantId, fileId, rows, row_count],
    'claim-slice',
  );
  return claim ?? null;
}

async function claimAbandoned(tx: Sql, tenantId: string, fileId: string): Promise<Claim | null> {
  const [claim] = await tx.query<Claim>(
    `UPDATE batch_slices SET leased_until = callbay_now() + ${intervalSql(LEASE_MS)}
      WHERE tenant_id = $1 AND file_id = $2
        AND after_row = (SELECT after_row FROM batch_slices
                          WHERE tenant_id = $1 AND file_id = $2 AND leased_until <= callbay_now()
                          ORDER BY after_row LIMIT 1)
      RETURNING after_row, last_row`,
    [tenantId, fileId],
    'claim-abandoned-slice',
  );
  return claim ?? null;
}

async function undecidedStems(
  tx: Sql,
  tenantId: string,
  fileId: string,
  { after_row, last_row }: Claim,
): Promise<string[]> {
  const rows = await tx.query<{ stem: string }>(
    `SELECT stem FROM call_records
      WHERE tenant_id = $1 AND file_id = $2 AND row > $3 AND row <= $4 AND is_batch_row AND outcome_code IS NULL
      ORDER BY row`,
    [tenantId, fileId, after_row, last_row],
    'rows-of-slice',
  );
  return rows.map(({ stem }) => stem);
}

const chunksOf = (stems: readonly string[], rows: number): string[][] =>
  Array.from({ length: Math.ceil(stems.length / rows) }, (_, n) => [
    ...new Set(stems.slice(n * rows, (n + 1) * rows).map(keyOfStem)),
  ]);

/** Under the lock of the batch. */
async function endBatch(tx: Sql, tenantId: string, fileId: string): Promise<void> {
  await tx.execute(
    `UPDATE batches SET advanced_at = callbay_now()
      WHERE tenant_id = $1 AND file_id = $2 AND advanced_at IS NULL
        AND NOT EXISTS (SELECT FROM batch_slices WHERE tenant_id = $1 AND file_id = $2)`,
    [tenantId, fileId],
    'end-batch',
  );
}

export async function finishSlice(
  sql: Sql,
  tenantId: string,
  fileId: string,
  { afterRow }: Pick<BatchSlice, 'afterRow'>,
): Promise<void> {
  await sql.execute(
    'DELETE FROM batch_slices WHERE tenant_id = $1 AND file_id = $2 AND after_row = $3',
    [tenantId, fileId, afterRow],
    'finish-slice',
  );
}

export async function releaseSlice(
  sql: Sql,
  tenantId: string,
  fileId: string,
  { afterRow }: Pick<BatchSlice, 'afterRow'>,
): Promise<void> {
  await sql.execute(
    `UPDATE batch_slices SET leased_until = callbay_now() WHERE tenant_id = $1 AND file_id = $2 AND after_row = $3`,
    [tenantId, fileId, afterRow],
    'release-slice',
  );
}

export async function leaveUndecided(
  sql: Sql,
  tenantId: string,
  fileId: string,
  { afterRow, lastRow }: BatchSlice,
): Promise<void> {
  await sql.execute(
    `INSERT INTO calls (tenant_id, call_key, due_at)
     SELECT DISTINCT $1, 'stem:' || stem COLLATE "C" AS key, callbay_now() FROM call_records
      WHERE tenant_id = $1 AND file_id = $2 AND row > $3 AND row <= $4 AND outcome_code IS NULL
      ORDER BY key
         ON CONFLICT (tenant_id, call_key) DO UPDATE SET due_at = callbay_now()`,
    [tenantId, fileId, afterRow, lastRow],
  );
}

/** Whether a batch `b` has rows to claim, or has to be ended. */
export const isClaimableSql = (b: string): string =>
  `${b}.advanced_at IS NULL AND (
     ${b}.claimed_row < ${b}.row_count
     OR NOT EXISTS (SELECT FROM batch_slices s WHERE s.tenant_id = ${b}.tenant_id AND s.file_id = ${b}.file_id
                       AND s.leased_until > callbay_now()))`;

/** Each tenant's first batch, then each one's second: many of one tenant do not block the others. */
export async function findUnadvanced(
  sql: Sql,
  limit: number,
  exceptFileIds: readonly string[],
): Promise<{ tenantId: string; fileId: string }[]> {
  const rows = await sql.query<{ tenant_id: string; file_id: string }>(
    `SELECT tenant_id, file_id FROM (
       SELECT b.tenant_id, b.file_id, row_number() OVER (PARTITION BY b.tenant_id ORDER BY f.receive_seq) AS nth
         FROM batches b JOIN files f ON f.tenant_id = b.tenant_id AND f.id = b.file_id
        WHERE ${isClaimableSql('b')} AND b.file_id <> ALL($2::uuid[])) open
      ORDER BY nth, tenant_id LIMIT $1`,
    [limit, exceptFileIds],
    'find-unadvanced',
  );
  return rows.map((row) => ({ tenantId: row.tenant_id, fileId: row.file_id }));
}
