import type { Actor } from '@callbay/ingestion';
import type { Sql } from '../database/database.ts';

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
