import { type AuditRow, toPage } from '@callbay/contracts';
import type { Actor, AuditReader } from '@callbay/ingestion';
import type { Database, Sql } from '../database/database.ts';
import { readPrisma } from '../database/read-prisma.ts';
import type { AuditEntry } from '../generated/client.ts';

/** What was changed. `action` is `noun.verb`; `detail` holds no secret. */
export interface AuditedChange {
  readonly tenantId: string | null;
  readonly action: string;
  readonly target: string;
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** Writes who changed what, in the transaction of the change itself. */
export async function audit(tx: Sql, by: Actor, change: AuditedChange): Promise<void> {
  await tx.execute(
    `INSERT INTO audit_log (tenant_id, at, actor, action, target, remote_address, detail)
     VALUES ($1, callbay_now(), $2, $3, $4, $5, $6)`,
    [
      change.tenantId,
      by.name,
      change.action,
      change.target,
      by.remoteAddress,
      JSON.stringify(change.detail ?? {}),
    ],
  );
}

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
