import { deliveryFailure, MAX_DELIVERY_ATTEMPTS } from '@callbay/core';
import type { DeliveryStore, DueDelivery } from '@callbay/ingestion';
import type { SecretSealer } from '../access/host-keys.ts';
import { type Database, transact } from '../database/database.ts';
import { listTenants } from '../tenants/list-tenants.ts';
import { webhookSecretContext } from './alert-reader.ts';
import { findListeners, listUnreported, makeDigest } from './make-digests.ts';

type Row = Omit<DueDelivery, 'webhookSecret'> & { readonly sealed: string | null };

/** A process that died while it sent comes back to the same delivery, and must end as well. */
const GIVE_UP = `
  UPDATE alert_deliveries SET state = 'failed', due_at = NULL, code = coalesce(code, $1), message = coalesce(message, $2)
   WHERE due_at <= (SELECT callbay_now()) AND attempts >= ${MAX_DELIVERY_ATTEMPTS}
     AND ($3::text[] IS NULL OR tenant_id = ANY($3))`;

const TAKE_DUE = `
  WITH due AS (
    SELECT tenant_id, id FROM alert_deliveries
     WHERE due_at <= (SELECT callbay_now()) AND ($2::text[] IS NULL OR tenant_id = ANY($2))
     ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED
  ), taken AS (
    UPDATE alert_deliveries d SET attempts = attempts + 1, due_at = callbay_now() + interval '2 minutes' FROM due
     WHERE d.tenant_id = due.tenant_id AND d.id = due.id
    RETURNING d.*
  )
  SELECT d.tenant_id AS "tenantId", d.id AS "deliveryId", d.channel, d.target, d.attempts AS attempt, g.digest,
         t.settings -> 'alerts' ->> 'webhookUrl' AS "webhookUrl",
         coalesce(t.settings -> 'alerts' -> 'emails' ? d.target, FALSE) AS "isStillWanted", s.sealed
    FROM taken d
    JOIN alert_digests g ON g.tenant_id = d.tenant_id AND g.id = d.digest_id
    JOIN tenants t ON t.id = d.tenant_id
    LEFT JOIN alert_secrets s ON s.tenant_id = d.tenant_id`;

export function createDeliveryStore(db: Database, sealer: SecretSealer): DeliveryStore {
  const toDue = ({ sealed, ...row }: Row): DueDelivery => ({
    ...row,
    webhookSecret: row.channel === 'webhook' && sealed !== null ? unseal(row.tenantId, sealed) : null,
  });

  /** One that does not open was sealed under another key: making a new one is the cure, as where there is none. */
  const unseal = (tenantId: string, sealed: string): string | null => {
    try {
      return sealer.unseal(sealed, webhookSecretContext(tenantId));
    } catch {
      return null;
    }
  };

  return {
    listTenants: (after, limit) => listTenants(db, after, limit),
    listUnreported: (after, limit) => listUnreported(db, after, limit),
    findListeners: (tenantIds) => findListeners(db, tenantIds),
    makeDigest: (listener) => transact(db, (tx) => makeDigest(tx, listener)),

    async takeDue(tenantIds, limit) {
      const { code, message } = deliveryFailure('INTERRUPTED');
      await db.execute(GIVE_UP, [code, message, tenantIds]);
      return (await db.query<Row>(TAKE_DUE, [limit, tenantIds])).map(toDue);
    },

    async saveDelivered(tenantId, deliveryId) {
      await db.execute(
        `UPDATE alert_deliveries SET state = 'delivered', due_at = NULL, delivered_at = callbay_now(), code = NULL,
                message = NULL
          WHERE tenant_id = $1 AND id = $2`,
        [tenantId, deliveryId],
      );
    },

    async saveFailed(tenantId, deliveryId, { code, message }, retryInMs) {
      await db.execute(
        `UPDATE alert_deliveries SET code = $3, message = $4,
                state = CASE WHEN $5::float8 IS NULL THEN 'failed' ELSE 'pending' END,
                due_at = callbay_now() + $5::float8 * interval '1 millisecond'
          WHERE tenant_id = $1 AND id = $2`,
        [tenantId, deliveryId, code, message.slice(0, 500), retryInMs],
      );
    },
  };
}
