import { type Alert, type AlertDelivery, toPage } from '@callbay/contracts';
import { DELIVERY_TABLE, type DeliveryCode } from '@callbay/core';
import type { AlertReader } from '@callbay/ingestion';
import { audit } from '../access/audit.ts';
import type { SecretSealer } from '../access/host-keys.ts';
import { type Database, transact } from '../database/database.ts';

type Dated<T, K extends keyof T> = Omit<T, K> & {
  readonly [P in K]: T[P] extends string ? Date : Date | null;
};

interface DeliveryRow
  extends Dated<Omit<AlertDelivery, 'fix' | 'code'>, 'createdAt' | 'nextAttemptAt' | 'deliveredAt'> {
  readonly code: DeliveryCode | null;
}

const LIST_ALERTS = `
  SELECT id, kind, subject, CASE WHEN is_open THEN 'open' ELSE 'resolved' END AS state, message, fix, count, examples,
         opened_at AS "openedAt", updated_at AS "updatedAt", resolved_at AS "resolvedAt"
    FROM alerts
   WHERE tenant_id = $1 AND ($2::timestamptz IS NULL OR (opened_at, id) < ($2, $3::uuid))
     AND ($4::text IS NULL OR (is_open IS NOT NULL) = ($4 = 'open')) AND ($5::text IS NULL OR kind = $5)
   ORDER BY opened_at DESC, id DESC LIMIT $6`;

const LIST_DELIVERIES = `
  SELECT id, digest_id AS "digestId", channel, target, state, attempts, created_at AS "createdAt",
         CASE WHEN state = 'pending' THEN due_at END AS "nextAttemptAt", delivered_at AS "deliveredAt", code, message
    FROM alert_deliveries
   WHERE tenant_id = $1 AND ($2::timestamptz IS NULL OR (created_at, id) < ($2, $3::uuid))
     AND ($4::text IS NULL OR state = $4)
   ORDER BY created_at DESC, id DESC LIMIT $5`;

/** What a webhook's secret is sealed as: one moved to another tenant's row does not open. */
export const webhookSecretContext = (tenantId: string): string => `webhook:${tenantId}`;

export function createAlertReader(db: Database, sealer: SecretSealer): AlertReader {
  return {
    async listAlerts(tenantId, { limit, cursor, state = null, kind = null }) {
      const [at, id] = cursor ?? [null, null];
      const rows = await db.query<Dated<Alert, 'openedAt' | 'updatedAt' | 'resolvedAt'>>(LIST_ALERTS, [
        tenantId,
        at,
        id,
        state,
        kind,
        limit + 1,
      ]);
      const toAlert = (row: (typeof rows)[number]): Alert => ({
        ...row,
        openedAt: row.openedAt.toISOString(),
        updatedAt: row.updatedAt.toISOString(),
        resolvedAt: row.resolvedAt?.toISOString() ?? null,
      });
      return toPage(rows, limit, toAlert, (row) => [row.openedAt.toISOString(), row.id]);
    },

    async listDeliveries(tenantId, { limit, cursor, state = null }) {
      const [at, id] = cursor ?? [null, null];
      const rows = await db.query<DeliveryRow>(LIST_DELIVERIES, [tenantId, at, id, state, limit + 1]);
      const toDelivery = (row: (typeof rows)[number]): AlertDelivery => ({
        ...row,
        createdAt: row.createdAt.toISOString(),
        nextAttemptAt: row.nextAttemptAt?.toISOString() ?? null,
        deliveredAt: row.deliveredAt?.toISOString() ?? null,
        fix: row.code === null ? null : DELIVERY_TABLE[row.code].fix,
      });
      return toPage(rows, limit, toDelivery, (row) => [row.createdAt.toISOString(), row.id]);
    },

    countOpen: () => db.query('SELECT kind, count(*) AS count FROM alerts WHERE is_open GROUP BY kind'),

    replaceWebhookSecret: (tenantId, secret, by) =>
      transact(db, async (tx) => {
        const tenants = await tx.query('SELECT FROM tenants WHERE id = $1 FOR KEY SHARE', [tenantId]);
        if (tenants.length === 0) return false;
        await tx.execute(
          `INSERT INTO alert_secrets (tenant_id, sealed, created_at) VALUES ($1, $2, callbay_now())
               ON CONFLICT (tenant_id) DO UPDATE SET sealed = excluded.sealed, created_at = excluded.created_at`,
          [tenantId, sealer.seal(secret, webhookSecretContext(tenantId))],
        );
        await audit(tx, by, { tenantId, action: 'webhookSecret.replace', target: tenantId });
        return true;
      }),
  };
}
