import { outcomeOf } from '@callbay/core';
import type { DropEntry, DropView } from '@callbay/ingestion';
import { type Database, transact } from '../database/database.ts';
import {
  END_WITHDRAWN_BUNDLE,
  FIND_FILE,
  FIND_REJECTED,
  IS_BEING_TAKEN,
  IS_OPEN,
  listFolderSql,
  WAKE_CALLS_OF_FILE,
  WITHDRAW_FILE,
} from './drop-queries.ts';
import { findReceipt, listReceipts, readReceipt } from './receipts.ts';

const { message, fix } = outcomeOf('WITHDRAWN');

/** Locks in the order of every decision: the tenant's stage, call keys, then the file, then the counter. */
function withdrawFile(db: Database, tenantId: string, fileId: string): Promise<boolean> {
  return transact(db, async (tx) => {
    const open = await tx.query(
      `SELECT FROM files f WHERE f.tenant_id = $1 AND f.id = $2 AND ${IS_OPEN} AND NOT ${IS_BEING_TAKEN}`,
      [tenantId, fileId],
    );
    if (open.length === 0) return false;
    await tx.execute('SELECT FROM tenants WHERE id = $1 FOR SHARE', [tenantId]);
    await tx.execute(WAKE_CALLS_OF_FILE, [tenantId, fileId]);
    const isWithdrawn = (await tx.execute(WITHDRAW_FILE, [tenantId, fileId])) === 1;
    if (isWithdrawn) await tx.execute(END_WITHDRAWN_BUNDLE, [tenantId, fileId, message, fix]);
    return isWithdrawn;
  });
}

/** The drop's view over file rows. Only files that came over SFTP show. What became of a file decides its folder. */
export function createDropView(db: Database): DropView {
  return {
    listFolder: (tenantId, folder, page) =>
      db.query<DropEntry>(
        listFolderSql(folder),
        [tenantId, page.afterName ?? '', page.limit],
        `list_folder_${folder}`,
      ),
    findFile: async (tenantId, folder, name) =>
      (await db.query<DropEntry>(FIND_FILE[folder], [tenantId, name], `find_file_${folder}`))[0] ?? null,
    findRejected: async (tenantId, name) =>
      (await db.query<DropEntry>(FIND_REJECTED, [tenantId, name], 'find_rejected'))[0] ?? null,
    withdrawFile: (tenantId, fileId) => withdrawFile(db, tenantId, fileId),
    setModifiedAt: async (tenantId, fileId, modifiedAt) => {
      await db.execute(
        'UPDATE files SET modified_at = $3 WHERE tenant_id = $1 AND id = $2',
        [tenantId, fileId, modifiedAt],
        'set_modified_at',
      );
    },
    listReceipts: (tenantId, page) => listReceipts(db, tenantId, page),
    findReceipt: (tenantId, name) => findReceipt(db, tenantId, name),
    readReceipt: (tenantId, name) => readReceipt(db, tenantId, name),
  };
}
