import type { FolderDropRow, FolderDropStore, FolderReport } from '@callbay/ingestion';
import { audit } from '../access/audit.ts';
import { type Database, transact } from '../database/database.ts';

interface Row extends Omit<FolderDropRow, 'report'> {
  readonly report: FolderReport | Record<string, never>;
}

/** Which tenants have a folder, for the API. */
export function createFolderDropStore(db: Database): FolderDropStore {
  return {
    async findDrop(tenantId) {
      const [row] = await db.query<Row>(
        `SELECT created_at AS "createdAt", scanned_at AS "scannedAt", report FROM folder_drops WHERE tenant_id = $1`,
        [tenantId],
      );
      if (row === undefined) return null;
      return { ...row, report: 'state' in row.report ? (row.report as FolderReport) : null };
    },

    async createDrop(tenantId, by) {
      await transact(db, async (tx) => {
        const made = await tx.execute(
          `INSERT INTO folder_drops (tenant_id, created_at) VALUES ($1, callbay_now())
           ON CONFLICT (tenant_id) DO NOTHING`,
          [tenantId],
        );
        if (made === 1) await audit(tx, by, { tenantId, action: 'folderDrop.create', target: tenantId });
      });
    },

    deleteDrop: (tenantId, by) =>
      transact(db, async (tx) => {
        const gone = await tx.execute('DELETE FROM folder_drops WHERE tenant_id = $1', [tenantId]);
        if (gone === 1) await audit(tx, by, { tenantId, action: 'folderDrop.delete', target: tenantId });
        return gone === 1;
      }),
  };
}
