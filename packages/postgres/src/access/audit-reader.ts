import { type AuditRow, toPage } from '@callbay/contracts';
import type { AuditReader } from '@callbay/ingestion';
import type { Database } from '../database/database.ts';
import { readPrisma } from '../database/read-prisma.ts';
import type { AuditEntry } from '../generated/client.ts';

export function createAuditReader(db: Database): AuditReader {
  return {
    async listAudit(scope, { limit, cursor, tenantId, action }) {
      const tenants = [
        ...(scope === null ? [] : [{ tenantId: { in: [...scope] } }]),
        ...(tenantId === undefined ? [] : [{ tenantId }]),
      ];
      const rows = await readPrisma(db, (prisma) =>
        prisma.auditEntry.findMany({
          where: {
            AND: tenants,
            ...(action === undefined ? {} : { action }),
            ...(cursor === undefined ? {} : { id: { lt: cursor } }),
          },
          orderBy: { id: 'desc' },
          take: limit + 1,
        }),
      );
      return toPage(rows, limit, toAuditRow, (row) => Number(row.id));
    },
  };
}

const toAuditRow = (row: AuditEntry): AuditRow => ({
  id: Number(row.id),
  tenantId: row.tenantId,
  at: row.at.toISOString(),
  actor: row.actor,
  action: row.action,
  target: row.target,
  remoteAddress: row.remoteAddress,
  detail: row.detail as Record<string, unknown>,
});
