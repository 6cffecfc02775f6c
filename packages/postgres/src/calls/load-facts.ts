import { type CallFacts, SIDECAR_EXTENSIONS, type SurfacedWith } from '@callbay/core';
import type { Sql } from '../database/database.ts';
import {
  FILE_COLUMNS,
  factsOfRows,
  type LoadedFile,
  type LoadedRecord,
  placeOf,
  RECORD_COLUMNS,
  recordKeyOf,
} from './facts-of-rows.ts';
import { loadReplays } from './load-replays.ts';
import type { OwnFiles } from './save-facts.ts';

/** The most facts of one group of keys that are folded at once. A key never gathers this many in its 48 hours. */
const FACTS_LIMIT = 50_000;

/** The most bytes of records that one transaction loads for more than one call. */
const RECORDS_BYTES_LIMIT = 8 * 1024 * 1024;

/**
 * Bytes of a record. What is stored compressed may be a hundred times as large: its true size is worth unpacking it. What is
 * small is stored as it is.
 */
export const RECORD_BYTES = `CASE WHEN pg_column_size(raw) > 1500 THEN octet_length(raw::text) ELSE pg_column_size(raw) END`;

/** The stems whose facts touch each other through records that name another stem's recording, these included. */
export async function linkedStems(tx: Sql, tenantId: string, stems: readonly string[]): Promise<string[]> {
  return withLinked(stems, await linksOf(tx, tenantId, stems));
}

/**
 * The same, and the bytes of their records. Throws where the records of several calls are too large to be held in memory at
 * once: the caller tries fewer calls.
 */
export async function linkedStemsWithinLimit(
  tx: Sql,
  tenantId: string,
  stems: readonly string[],
): Promise<{ readonly stems: readonly string[]; readonly bytes: number }> {
  const links = await linksOf(tx, tenantId, stems);
  const bytes = links.reduce((total, link) => total + link.bytes, 0);
  if (stems.length > 1 && bytes > RECORDS_BYTES_LIMIT) {
    throw new RangeError(`the records of ${stems.length} calls of tenant ${tenantId} hold ${bytes} bytes`);
  }
  return { stems: withLinked(stems, links), bytes };
}

interface Link {
  readonly stem: string;
  readonly named_stem: string | null;
  readonly bytes: number;
}

/** Of records whose own stems are none of these. The index `call_records_naming_others` holds only such. */
export const namesOneOf = (stems: string): string => `(named_stem <> stem AND named_stem = ANY(${stems}))`;

const linksOf = (tx: Sql, tenantId: string, stems: readonly string[]): Promise<Link[]> =>
  tx.query<Link>(
    `SELECT stem, named_stem, coalesce(sum(${RECORD_BYTES}), 0)::bigint AS bytes FROM call_records
      WHERE tenant_id = $1 AND (stem = ANY($2) OR ${namesOneOf('$2')}) GROUP BY stem, named_stem`,
    [tenantId, stems],
    'linked-stems',
  );

function withLinked(
  stems: readonly string[],
  records: readonly { readonly stem: string; readonly named_stem: string | null }[],
): string[] {
  const all = new Set(stems);
  for (const record of records) {
    all.add(record.stem);
    if (record.named_stem !== null) all.add(record.named_stem);
  }
  return [...all].sort();
}

/** The stems of the records that name one of these stems, and these stems. */
const REACH = `ARRAY(SELECT unnest($2::text[]) UNION
                 SELECT stem FROM call_records WHERE tenant_id = $1 AND ${namesOneOf('$2')})`;

const LOAD_RECORDS = `SELECT ${RECORD_COLUMNS} FROM call_records LEFT JOIN linkage_records l USING (tenant_id, file_id, row)
  WHERE tenant_id = $1 AND (stem = ANY(${REACH}) OR ${namesOneOf(REACH)}) LIMIT ${FACTS_LIMIT}`;

const LOAD_FILES = `SELECT ${FILE_COLUMNS} FROM files WHERE tenant_id = $1 AND (stem = ANY($2) OR id = ANY($3))
  LIMIT ${FACTS_LIMIT}`;

export interface LoadedFacts {
  readonly facts: CallFacts[];
  readonly files: ReadonlyMap<string, LoadedFile>;
  /** Rows of batches by `recordKeyOf`. */
  readonly rows: ReadonlyMap<string, LoadedRecord>;
}

/**
 * The facts of every stem, and the rows that hold the facts. `needs` instead, where records that came in between link
 * the touched stems to one whose call is not locked. The own files of this transaction count as read.
 */
export async function loadFacts(
  tx: Sql,
  tenantId: string,
  { touched, stems }: { readonly touched: readonly string[]; readonly stems: readonly string[] },
  surfaced: ReadonlyMap<string, SurfacedWith>,
  own: OwnFiles,
): Promise<LoadedFacts | { needs: string[] }> {
  const records = await tx.query<LoadedRecord>(LOAD_RECORDS, [tenantId, stems], 'load-records');
  const [isTouched, isLocked] = [new Set(touched), new Set(stems)];
  const linked = withLinked(
    touched,
    records.filter(({ stem, named_stem }) => isTouched.has(stem) || isTouched.has(named_stem ?? stem)),
  );
  if (linked.some((stem) => !isLocked.has(stem))) return { needs: linked };

  const naming = records.filter(({ named_stem }) => named_stem !== null && isLocked.has(named_stem));
  const reach = [...new Set([...stems, ...naming.map(({ stem }) => stem)])];
  const ids = [...new Set([...records.map(({ file_id }) => file_id), ...own.ids])];
  const stored = await tx.query<LoadedFile>(LOAD_FILES, [tenantId, reach, ids], 'load-files');
  if (stored.length >= FACTS_LIMIT || records.length >= FACTS_LIMIT) {
    throw new Error(`over ${FACTS_LIMIT} facts touch one call of tenant ${tenantId}`);
  }
  const fileRows = stored.map((file) => own.asRead(file));
  const files = new Map(fileRows.map((file) => [file.id, file]));
  const rows = new Map(records.filter((r) => r.is_batch_row).map((r) => [recordKeyOf(r.file_id, r.row), r]));
  const replays = await loadReplays(tx, tenantId, [...surfaced.keys()]);
  const last = Math.max(lastPlace(fileRows, records), ...[...replays.values()].flat().map(({ seq }) => seq));
  const barrier = await firstUnreadSidecar(tx, tenantId, last, own);
  const facts = factsOfRows(stems, { files, records, surfaced, barrier, replays });
  return { facts, files, rows };
}

const lastPlace = (files: readonly LoadedFile[], records: readonly LoadedRecord[]): number =>
  Math.max(0, ...files.map(lastPlaceOfFile), ...records.map(({ placed_seq }) => placed_seq ?? 0));

const lastPlaceOfFile = (file: LoadedFile): number => Math.max(placeOf(file), file.withdrawn_seq ?? 0);

const SIDECAR_LIST = [...SIDECAR_EXTENSIONS].map((ext) => `'${ext}'`).join(', ');
/** The index `files_unread_sidecars` holds exactly these rows. */
const UNREAD_SIDECAR = `classified_at IS NULL AND state = 'received' AND blob_key IS NOT NULL AND purged_at IS NULL
  AND ext IN (${SIDECAR_LIST})`;

/**
 * Place in the fold of the tenant's earliest metadata file that nobody has read yet, or null. Where facts come after it,
 * its row is held as it is until the transaction ends, so that whoever reads the file then sees which calls wait for it.
 * A transaction with own files does not wait for that row: two of them could wait for each other. Whoever reads the
 * file at that very moment may then miss the call, which the sweep of due calls finds.
 */
async function firstUnreadSidecar(
  tx: Sql,
  tenantId: string,
  lastPlaceOfFacts: number,
  own: OwnFiles,
): Promise<number | null> {
  for (;;) {
    const [first] = await tx.query<{ id: string; place: number }>(
      `SELECT id, coalesce(replay_seq, receive_seq) AS place FROM files
        WHERE tenant_id = $1 AND ${UNREAD_SIDECAR} AND id <> ALL($2)
        ORDER BY coalesce(replay_seq, receive_seq) LIMIT 1`,
      [tenantId, own.ids],
      'first-unread',
    );
    if (!first || first.place > lastPlaceOfFacts) return first?.place ?? null;
    if (own.ids.length > 0) {
      await tx.query(
        'SELECT FROM files WHERE tenant_id = $1 AND id = $2 AND classified_at IS NULL FOR SHARE SKIP LOCKED',
        [tenantId, first.id],
        'hold-unread-if-free',
      );
      return first.place;
    }
    if (await holdUnread(tx, tenantId, first.id)) return first.place;
  }
}

/**
 * Locks the row of an unread file; false where somebody has read it meanwhile. Postgres keeps the lock of a row that no longer
 * fits once it was waited for: whoever read that file would wait for us, and we for their next file. The savepoint frees it.
 */
async function holdUnread(tx: Sql, tenantId: string, fileId: string): Promise<boolean> {
  await tx.execute('SAVEPOINT before_unread', [], 'before-unread');
  const held = await tx.query(
    'SELECT FROM files WHERE tenant_id = $1 AND id = $2 AND classified_at IS NULL FOR SHARE',
    [tenantId, fileId],
    'hold-unread',
  );
  if (held.length === 0) await tx.execute('ROLLBACK TO before_unread', [], 'back-before-unread');
  await tx.execute('RELEASE before_unread', [], 'past-unread');
  return held.length > 0;
}
