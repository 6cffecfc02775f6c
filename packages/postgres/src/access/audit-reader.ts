import { type AuditRow, pageOf } from '@callbay/contracts';
import type { AuditReader } from '@callbay/ingestion';
import type { Database } from '../database/database.ts';
import { fillPage } from '../database/page.ts';
import { readPrisma } from '../database/read-prisma.ts';
import type { AuditEntry } from '../generated/client.ts';

export function createAuditReader(db: Database): AuditReader {
  return {
    async listAudit(scope, { limit, cursor, tenantId, action }) {
      const tenants = [
        ...(scope === null ? [] : [{ tenantId: { in: [...scope] } }]),
        ...(tenantId === undefined ? [] : [{ tenantId }]),
      ];
      const load = (before: bigint | number | undefined, take: number) =>
        readPrisma(db, (prisma) =>
          prisma.auditEntry.findMany({
            where: {
              AND: tenants,
              ...(action === undefined ? {} : { action }),
              ...(before === undefined ? {} : { id: { lt: before } }),
            },
            orderBy: { id: 'desc' },
            take,
          }),
        );
      const page = await fillPage<AuditEntry>({
        limit,
        load: (after, rows) => load(after?.id ?? cursor, rows),
        heavyOf: ({ detail }) => detail,
      });
      return pageOf(page, toAuditRow, (row) => Number(row.id));
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
