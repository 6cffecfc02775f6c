import { webhookConsumer } from '@callbay/core';
import type { WebhookAttempt, WebhookStore, WebhookTarget } from '@callbay/ingestion';
import type { SecretSealer } from '../access/host-keys.ts';
import { type Database, type Sql, transact } from '../database/database.ts';
import { secretContext, unsealed } from './webhook-secrets.ts';

interface TargetRow extends Omit<WebhookTarget, 'secrets'> {
  readonly sealed: string;
  readonly oldSealed: string | null;
}

const TARGET = `
  SELECT id AS "webhookId", url, events, sealed, CASE WHEN old_until > callbay_now() THEN old_sealed END AS "oldSealed", attempts,
         coalesce(extract(epoch FROM callbay_now() - failing_since) * 1000, 0)::float8 AS "failingForMs"
    FROM webhooks WHERE tenant_id = $1 AND id = $2 AND state = 'active'`;

const MAX_LOG = 1_000;

/** An event that is tried again keeps its entry, and one that is replayed anew gets a fresh one. */
const LOG = `
  INSERT INTO webhook_deliveries AS d (tenant_id, webhook_id, seq, is_replay, event_id, type, state, attempts, first_attempt_at,
                                       last_attempt_at, duration_ms, status, code, message)
  SELECT $1, $2, $3, $4, $5, $6, $7, 1, callbay_now(), callbay_now(), $8, $9, $10, $11
   WHERE EXISTS (SELECT FROM webhooks WHERE tenant_id = $1 AND id = $2)
      ON CONFLICT (tenant_id, webhook_id, seq, is_replay) DO UPDATE
     SET state = excluded.state, attempts = CASE WHEN d.state = 'retrying' THEN d.attempts + 1 ELSE 1 END,
         first_attempt_at = CASE WHEN d.state = 'retrying' THEN d.first_attempt_at ELSE excluded.first_attempt_at END,
         last_attempt_at = excluded.last_attempt_at, duration_ms = excluded.duration_ms, status = excluded.status,
         code = excluded.code, message = excluded.message`;

const log = (
  sql: Sql,
  tenantId: string,
  webhookId: string,
  attempt: WebhookAttempt,
  end: { state: 'delivered' | 'retrying' | 'failed'; code: string | null; message: string | null },
) => {
  const { sequence, isReplay, eventId, type, durationMs, status } = attempt;
  const { state, code, message } = end;
  const values = [tenantId, webhookId, sequence, isReplay, eventId, type, state, durationMs, status];
  return sql.execute(LOG, [...values, code, message], 'log_webhook');
};

export function createWebhookStore(db: Database, sealer: SecretSealer): WebhookStore {
  return {
    async findTarget(tenantId, webhookId) {
      const [row] = await db.query<TargetRow>(TARGET, [tenantId, webhookId], 'webhook_target');
      if (row === undefined) return null;
      const { sealed, oldSealed, ...target } = row;
      const open = (text: string | null) => unsealed(sealer, secretContext(tenantId, webhookId), text);
      return { ...target, secrets: [...open(sealed), ...open(oldSealed)] };
    },

    async saveDelivered(tenantId, webhookId, attempt) {
      await log(db, tenantId, webhookId, attempt, { state: 'delivered', code: null, message: null });
      await db.execute(
        `UPDATE webhooks SET failing_since = NULL, attempts = 0, last_attempt_at = callbay_now(), last_delivered_at = callbay_now(),
                last_code = NULL, last_message = NULL WHERE tenant_id = $1 AND id = $2`,
        [tenantId, webhookId],
        'webhook_delivered',
      );
    },

    saveFailed: (lease, webhookId, attempt, { code, message }, isGivenUp) =>
      transact(db, async (tx) => {
        const { tenantId } = lease;
        // In the order of a change by the API: the webhook before its cursor.
        await tx.execute(
          `UPDATE webhooks SET failing_since = coalesce(failing_since, callbay_now()), attempts = attempts + 1,
                  last_attempt_at = callbay_now(), last_code = $3, last_message = $4,
                  state = CASE WHEN $5 AND state = 'active' THEN 'disabled' ELSE state END,
                  disabled_at = CASE WHEN $5 AND state = 'active' THEN callbay_now() ELSE disabled_at END
            WHERE tenant_id = $1 AND id = $2`,
          [tenantId, webhookId, code, message, isGivenUp],
        );
        await log(tx, tenantId, webhookId, attempt, {
          state: isGivenUp ? 'failed' : 'retrying',
          code,
          message,
        });
        if (isGivenUp) await restCursor(tx, tenantId, webhookId);
      }),

    async trimLog(tenantId, webhookId) {
      await db.execute(
        `DELETE FROM webhook_deliveries WHERE tenant_id = $1 AND webhook_id = $2 AND last_attempt_at <
           (SELECT last_attempt_at FROM webhook_deliveries WHERE tenant_id = $1 AND webhook_id = $2
             ORDER BY last_attempt_at DESC OFFSET ${MAX_LOG} LIMIT 1)`,
        [tenantId, webhookId],
      );
    },
  };
}

/** Nobody claims the cursor until `wakeCursor`. It keeps its place; whoever holds its lease loses it. */
export const restCursor = (tx: Sql, tenantId: string, webhookId: string): Promise<number> =>
  tx.execute(
    `UPDATE event_cursors SET due_at = 'infinity', lease_id = NULL, lease_owner = NULL, leased_until = NULL
      WHERE tenant_id = $1 AND consumer = $2`,
    [tenantId, webhookConsumer(webhookId)],
  );

/** The cursor may be claimed at once, also where it waited after a failure. */
export const wakeCursor = (tx: Sql, tenantId: string, webhookId: string): Promise<number> =>
  tx.execute('UPDATE event_cursors SET due_at = NULL WHERE tenant_id = $1 AND consumer = $2', [
    tenantId,
    webhookConsumer(webhookId),
  ]);
