import {
  type BundleFile,
  outcomeOf,
  outcomeSaying,
  pairTriggers,
  parseBundleName,
  quoteValue,
} from '@callbay/core';
import type { BundleStore, BundleTurn } from '@callbay/ingestion';
import { keyOfStem } from '../calls/facts-of-rows.ts';
import { lockCalls } from '../calls/lock-calls.ts';
import { type Database, type Sql, transact } from '../database/database.ts';
import { endBundleFile } from './end-bundle-file.ts';
import { saveBundle } from './save-bundle.ts';

interface GroupRow {
  readonly id: string;
  readonly name: string;
  readonly seq: number;
  readonly withdrawnSeq: number | null;
  readonly state: string;
  readonly code: string | null;
  readonly isRead: boolean;
}

/** Archives and triggers of one stem, and what has become of them. */
export function createBundleStore(db: Database): BundleStore {
  return {
    judge: (tenantId, fileId) => transact(db, (tx) => judge(tx, tenantId, fileId)),
    saveBundle: (tenantId, fileId, end) => transact(db, (tx) => saveBundle(tx, tenantId, fileId, end)),
    judgeList: (tenantId, fileId, list) => transact(db, (tx) => judgeList(tx, tenantId, fileId, list)),
    refuseList: (tenantId, fileId, message) =>
      transact(db, async (tx) => {
        if (!(await lockUnread(tx, tenantId, fileId))) return;
        await endBundleFile(tx, tenantId, fileId, outcomeSaying('BATCH_INCOMPLETE', message));
      }),
    async postpone(tenantId, fileId, byMs) {
      await db.execute(
        `UPDATE files SET read_again_at = callbay_now() + $3 * interval '1 millisecond' WHERE tenant_id = $1 AND id = $2`,
        [tenantId, fileId, byMs],
      );
    },
  };
}

/** Calls are locked before files: the row of the stem's call is the lock of its archives and triggers, too. */
async function lockGroup(tx: Sql, tenantId: string, stem: string): Promise<GroupRow[]> {
  await tx.execute(
    'INSERT INTO calls (tenant_id, call_key) VALUES ($1, $2) ON CONFLICT DO NOTHING',
    [tenantId, keyOfStem(stem)],
    'make-bundle-call',
  );
  await lockCalls(tx, tenantId, [keyOfStem(stem)]);
  return tx.query<GroupRow>(
    `SELECT id, name, receive_seq AS seq, withdrawn_seq AS "withdrawnSeq", state, outcome_code AS code,
            classified_at IS NOT NULL AS "isRead"
       FROM files WHERE tenant_id = $1 AND stem = $2 AND ext IN ('zip', 'done') AND drop <> 'bundle'
        AND blob_key IS NOT NULL
      ORDER BY receive_seq FOR NO KEY UPDATE`,
    [tenantId, stem],
    'lock-bundle-files',
  );
}

const roleOf = ({ name }: GroupRow): BundleFile['role'] =>
  parseBundleName(name)?.role === 'trigger' ? 'trigger' : 'bundle';

const bundleFileOf = (row: GroupRow): BundleFile => ({
  fileId: row.id,
  role: roleOf(row),
  receiveSeq: row.seq,
  withdrawnSeq: row.withdrawnSeq,
  isPurgedUnpaired: row.code === 'PURGED_UNPAIRED',
});

/** Still open: it waits, or nobody has read it. */
const isOpen = ({ state }: GroupRow): boolean => state === 'received' || state === 'held';

async function judge(tx: Sql, tenantId: string, fileId: string): Promise<BundleTurn> {
  const [found] = await tx.query<{ stem: string }>(
    'SELECT stem FROM files WHERE tenant_id = $1 AND id = $2',
    [tenantId, fileId],
  );
  const rows = found === undefined ? [] : await lockGroup(tx, tenantId, found.stem);
  const own = rows.find(({ id }) => id === fileId);
  const callKeys = found === undefined ? [] : [keyOfStem(found.stem)];
  if (own === undefined || own.isRead) return { is: 'judged', callKeys, wakesReaders: false };
  const pairings = pairTriggers(rows.map(bundleFileOf));
  let wakesReaders = false;
  for (const row of rows.filter(isOpen)) {
    const pairing = pairings.get(row.id);
    const isBundle = roleOf(row) === 'bundle';
    if (pairing?.is === 'paired' && isBundle) {
      if (row.isRead) await reopen(tx, tenantId, row.id);
      wakesReaders ||= row.id !== fileId;
    } else if (pairing?.is === 'paired') {
      await endBundleFile(
        tx,
        tenantId,
        row.id,
        outcomeSaying('BUNDLE_DONE', 'The bundle of this name was released.'),
      );
    } else if (pairing?.is === 'superseded') {
      await endBundleFile(tx, tenantId, row.id, outcomeOf('SUPERSEDED'));
    } else if (pairing?.is === 'withdrawn') {
      await endBundleFile(tx, tenantId, row.id, outcomeOf('WITHDRAWN'));
    } else if (pairing?.is === 'waiting' && (!row.isRead || row.state === 'received')) {
      await endBundleFile(tx, tenantId, row.id, outcomeOf(isBundle ? 'NO_TRIGGER' : 'NO_BUNDLE'));
    }
  }
  if (pairings.get(fileId)?.is !== 'paired' || roleOf(own) !== 'bundle')
    return { is: 'judged', callKeys, wakesReaders };
  const waitsForEarlier = rows.some(
    (row) =>
      row.seq < own.seq && roleOf(row) === 'bundle' && isOpen(row) && pairings.get(row.id)?.is === 'paired',
  );
  return waitsForEarlier ? { is: 'later' } : { is: 'open' };
}

/** An archive whose trigger has come is read again, in its place. */
const reopen = (tx: Sql, tenantId: string, fileId: string): Promise<number> =>
  tx.execute(
    `UPDATE files SET state = 'received', classified_at = NULL, reads_alone = TRUE, read_again_at = NULL,
            outcome_code = NULL, outcome_message = NULL, outcome_fix = NULL, outcome_at = NULL
      WHERE tenant_id = $1 AND id = $2`,
    [tenantId, fileId],
  );

async function lockUnread(tx: Sql, tenantId: string, fileId: string): Promise<{ seq: number } | undefined> {
  const [row] = await tx.query<{ seq: number }>(
    `SELECT receive_seq AS seq FROM files WHERE tenant_id = $1 AND id = $2 AND classified_at IS NULL FOR NO KEY UPDATE`,
    [tenantId, fileId],
  );
  return row;
}

/** So many missing names are told. */
const MAX_TOLD = 5;

/** By receive sequence alone, so that it does not depend on what was opened by now. Source: K1, case 101. */
async function judgeList(
  tx: Sql,
  tenantId: string,
  fileId: string,
  { sha256, names }: { readonly sha256: string; readonly names: readonly string[] },
): Promise<void> {
  const own = await lockUnread(tx, tenantId, fileId);
  if (own === undefined) return;
  const missing = await tx.query<{ name: string }>(
    `SELECT n.name FROM unnest($2::text[]) WITH ORDINALITY AS n(name, nth)
      WHERE NOT EXISTS (SELECT FROM files z WHERE z.tenant_id = $1 AND z.name = n.name AND z.receive_seq < $3
                           AND z.withdrawn_seq IS NULL AND z.blob_key IS NOT NULL)
         OR NOT EXISTS (SELECT FROM files t WHERE t.tenant_id = $1 AND t.receive_seq < $3 AND t.withdrawn_seq IS NULL
                           AND t.name = regexp_replace(n.name, '\\.zip$', '.done', 'i'))
      ORDER BY nth`,
    [tenantId, names, own.seq],
  );
  const told = missing.slice(0, MAX_TOLD).map(({ name }) => quoteValue(name));
  const more = missing.length > MAX_TOLD ? ` and ${missing.length - MAX_TOLD} more` : '';
  const outcome =
    missing.length === 0
      ? outcomeSaying(
          'BUNDLE_DONE',
          `All ${names.length} bundles of the batch were received with their triggers.`,
        )
      : outcomeSaying(
          'BATCH_INCOMPLETE',
          `${missing.length} of ${names.length} bundles were not received with their \`.done\` files: ${told.join(', ')}${more}.`,
        );
  await endBundleFile(tx, tenantId, fileId, outcome, sha256);
}
