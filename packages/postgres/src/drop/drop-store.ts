import { canonicalStem, isOutcomeCode, kindOfName, outcomeOf } from '@callbay/core';
import type { DropEntry, DropFolder, DropStore } from '@callbay/ingestion';
import { type Database, transact } from '../database/database.ts';
import {
  FIND_RECENTLY_CLOSED,
  findInFolderSql,
  IS_OPEN,
  listFolderSql,
  RECORD_REFUSAL,
  WAKE_CALLS_OF_FILE,
  WITHDRAW_FILE,
} from './drop-queries.ts';
import { findReceipt, listReceipts, readReceipt } from './receipts.ts';
import { createReceiver, unknownTenant } from './receiver.ts';

type Refusal = Parameters<DropStore['recordRefusal']>[1];

async function recordRefusal(db: Database, tenantId: string, refusal: Refusal): Promise<void> {
  if (!isOutcomeCode(refusal.code)) throw new TypeError(`${refusal.code} is no outcome`);
  const { stem, ext } = canonicalStem(refusal.name);
  const kind = kindOfName(refusal.name);
  const outcome = outcomeOf(refusal.code);
  const [row] = await db.query<{ isKnown: boolean }>(RECORD_REFUSAL, [
    tenantId,
    refusal.fileId,
    refusal.name,
    stem,
    ext,
    refusal.sizeBytes,
    refusal.sentBy,
    kind === 'recording' || kind === 'sidecar' ? kind : null,
    outcome.code,
    outcome.message,
    outcome.fix,
  ]);
  if (row?.isKnown !== true) throw unknownTenant(tenantId);
}

/** Locks in the order of every decision: the tenant's stage, call keys, then the file, then the counter. */
function withdrawFile(db: Database, tenantId: string, fileId: string): Promise<boolean> {
  return transact(db, async (tx) => {
    const open = await tx.query(`SELECT FROM files f WHERE f.tenant_id = $1 AND f.id = $2 AND ${IS_OPEN}`, [
      tenantId,
      fileId,
    ]);
    if (open.length === 0) return false;
    await tx.execute('SELECT FROM tenants WHERE id = $1 FOR SHARE', [tenantId]);
    await tx.execute(WAKE_CALLS_OF_FILE, [tenantId, fileId]);
    return (await tx.execute(WITHDRAW_FILE, [tenantId, fileId])) === 1;
  });
}

/**
 * The drop's view over file rows, and its doors. Only files that came over SFTP show; what became of a file decides its
 * folder, and nothing is ever moved.
 */
export function createDropStore(db: Database): DropStore {
  const receiveFile = createReceiver(db);
  return {
    listFolder: (tenantId, folder, page) =>
      db.query<DropEntry>(listFolderSql(folder), [tenantId, page.afterName ?? '', page.limit]),
    findInFolder: async (tenantId, folder: DropFolder, name) =>
      (await db.query<DropEntry>(findInFolderSql(folder), [tenantId, name], `find_in_${folder}`))[0] ?? null,
    findRecentlyClosed: async (tenantId, name) =>
      (await db.query<DropEntry>(FIND_RECENTLY_CLOSED, [tenantId, name], 'find_recently_closed'))[0] ?? null,
    receiveFile,
    recordRefusal: (tenantId, refusal) => recordRefusal(db, tenantId, refusal),
    withdrawFile: (tenantId, fileId) => withdrawFile(db, tenantId, fileId),
    setModifiedAt: async (tenantId, fileId, modifiedAt) => {
      const values = [tenantId, fileId, modifiedAt];
      await db.execute('UPDATE files SET modified_at = $3 WHERE tenant_id = $1 AND id = $2', values);
    },
    listReceipts: (tenantId, page) => listReceipts(db, tenantId, page),
    findReceipt: (tenantId, name) => findReceipt(db, tenantId, name),
    readReceipt: (tenantId, name) => readReceipt(db, tenantId, name),
  };
}
