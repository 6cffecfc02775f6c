import { randomUUID } from 'node:crypto';
import { toPage, type Webhook, type WebhookDelivery } from '@callbay/contracts';
import {
  CallbayError,
  DELIVERY_TABLE,
  type DeliveryCode,
  type EventType,
  webhookConsumer,
} from '@callbay/core';
import type { WebhookAdmin } from '@callbay/ingestion';
import { audit } from '../access/audit.ts';
import type { SecretSealer } from '../access/host-keys.ts';
import { type Database, type Sql, transact } from '../database/database.ts';
import { createEventCursorStore } from '../events/event-cursor-store.ts';
import { secretContext } from './webhook-secrets.ts';
import { restCursor, wakeCursor } from './webhook-store.ts';

const MAX_WEBHOOKS = 20;
const MAX_COUNTED = 100_000;

interface Row {
  readonly id: string;
  readonly label: string | null;
  readonly url: string;
  readonly events: EventType[];
  readonly state: Webhook['state'];
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly failingSince: Date | null;
  readonly attempts: number;
  readonly lastDeliveredAt: Date | null;
  readonly lastCode: DeliveryCode | null;
  readonly lastMessage: string | null;
  readonly disabledAt: Date | null;
  readonly oldUntil: Date | null;
  readonly unread: number;
  readonly isReplaying: boolean;
  readonly nextAttemptAt: Date | null;
}

const SELECT = `
  SELECT w.id, w.label, w.url, w.events, w.state, w.created_at AS "createdAt", w.updated_at AS "updatedAt",
         w.failing_since AS "failingSince", w.attempts, w.last_delivered_at AS "lastDeliveredAt", w.last_code AS "lastCode",
         w.last_message AS "lastMessage", w.disabled_at AS "disabledAt",
         CASE WHEN w.old_until > callbay_now() THEN w.old_until END AS "oldUntil",
         (SELECT count(*)::int FROM (SELECT FROM outbox o WHERE o.tenant_id = w.tenant_id AND o.seq > c.seq
                                        AND o.type = ANY(w.events) LIMIT ${MAX_COUNTED}) n) AS unread,
         c.replay_until IS NOT NULL AS "isReplaying",
         CASE WHEN c.due_at < 'infinity' THEN c.due_at END AS "nextAttemptAt"
    FROM webhooks w JOIN event_cursors c ON c.tenant_id = w.tenant_id AND c.consumer = 'webhook:' || w.id`;

const DELIVERIES = `
  SELECT seq AS sequence, event_id AS "eventId", type, is_replay AS "isReplay", state, attempts,
         first_attempt_at AS "firstAttemptAt", last_attempt_at AS "lastAttemptAt", duration_ms AS "durationMs", status, code,
         message
    FROM webhook_deliveries
   WHERE tenant_id = $1 AND webhook_id = $2 AND ($3::text IS NULL OR state = $3)
     AND ($4::timestamptz IS NULL OR (last_attempt_at, seq, is_replay) < ($4, $5::bigint, $6::boolean))
   ORDER BY last_attempt_at DESC, seq DESC, is_replay DESC LIMIT $7`;

interface DeliveryRow extends Omit<WebhookDelivery, 'firstAttemptAt' | 'lastAttemptAt' | 'code' | 'fix'> {
  readonly firstAttemptAt: Date;
  readonly lastAttemptAt: Date;
  readonly code: DeliveryCode | null;
}

const fixOf = (code: DeliveryCode | null): string => (code === null ? '' : DELIVERY_TABLE[code].fix);

const toWebhook = (row: Row): Webhook => ({
  id: row.id,
  label: row.label,
  url: row.url,
  events: row.events,
  state: row.state,
  unread: row.unread,
  replaying: row.isReplaying,
  failing:
    row.failingSince === null
      ? null
      : {
          since: row.failingSince.toISOString(),
          attempts: row.attempts,
          code: row.lastCode ?? '',
          message: row.lastMessage ?? '',
          fix: fixOf(row.lastCode),
          nextAttemptAt: row.nextAttemptAt?.toISOString() ?? null,
        },
  lastDeliveredAt: row.lastDeliveredAt?.toISOString() ?? null,
  disabledAt: row.disabledAt?.toISOString() ?? null,
  oldSecretUntil: row.oldUntil?.toISOString() ?? null,
  createdAt: row.createdAt.toISOString(),
  updatedAt: row.updatedAt.toISOString(),
});

const toDelivery = (row: DeliveryRow): WebhookDelivery => ({
  ...row,
  firstAttemptAt: row.firstAttemptAt.toISOString(),
  lastAttemptAt: row.lastAttemptAt.toISOString(),
  fix: row.code === null ? null : fixOf(row.code),
});

async function find(sql: Sql, tenantId: string, webhookId: string): Promise<Webhook | null> {
  const [row] = await sql.query<Row>(`${SELECT} WHERE w.tenant_id = $1 AND w.id = $2`, [tenantId, webhookId]);
  return row === undefined ? null : toWebhook(row);
}

/** See `WebhookAdmin`. */
export function createWebhookAdmin(db: Database, sealer: SecretSealer): WebhookAdmin {
  const seal = (tenantId: string, webhookId: string, secret: string) =>
    sealer.seal(secret, secretContext(tenantId, webhookId));

  return {
    createWebhook: (tenantId, { url, label, events, secret }, by) =>
      transact(db, async (tx) => {
        const tenants = await tx.query('SELECT FROM tenants WHERE id = $1 FOR NO KEY UPDATE', [tenantId]);
        if (tenants.length === 0) return null;
        const webhookId = randomUUID();
        const made = await tx.execute(
          `INSERT INTO webhooks (tenant_id, id, label, url, events, state, sealed, created_at, updated_at)
           SELECT $1, $2, $3, $4, $5, 'active', $6, callbay_now(), callbay_now()
            WHERE (SELECT count(*) FROM webhooks WHERE tenant_id = $1) < ${MAX_WEBHOOKS}`,
          [tenantId, webhookId, label, url, events, seal(tenantId, webhookId, secret)],
        );
        if (made === 0)
          throw new CallbayError(
            'CONFLICT',
            `A tenant has at most ${MAX_WEBHOOKS} webhooks: delete one first.`,
          );
        await createEventCursorStore(tx).start(tenantId, webhookConsumer(webhookId), null);
        await audit(tx, by, { tenantId, action: 'webhook.create', target: webhookId, detail: { events } });
        return find(tx, tenantId, webhookId);
      }),

    async listWebhooks(tenantId, { limit, cursor = null }) {
      const rows = await db.query<Row>(
        `${SELECT} WHERE w.tenant_id = $1 AND ($2::uuid IS NULL OR w.id > $2) ORDER BY w.id LIMIT $3`,
        [tenantId, cursor, limit + 1],
      );
      return toPage(rows, limit, toWebhook, ({ id }) => id);
    },

    findWebhook: (tenantId, webhookId) => find(db, tenantId, webhookId),

    updateWebhook: (tenantId, webhookId, { url, label, events, state }, rotation, by) =>
      transact(db, async (tx) => {
        const updated = await tx.execute(
          `UPDATE webhooks SET url = coalesce($3, url), label = CASE WHEN $4 THEN $5 ELSE label END, events = coalesce($6, events),
                  state = coalesce($7, state), updated_at = callbay_now(),
                  failing_since = CASE WHEN $7 = 'active' OR $3 IS NOT NULL THEN NULL ELSE failing_since END,
                  attempts = CASE WHEN $7 = 'active' OR $3 IS NOT NULL THEN 0 ELSE attempts END,
                  disabled_at = CASE WHEN $7 IS NULL THEN disabled_at END,
                  old_sealed = CASE WHEN $8::text IS NULL THEN old_sealed ELSE sealed END,
                  old_until = CASE WHEN $8::text IS NULL THEN old_until ELSE callbay_now() + $9 * interval '1 second' END,
                  sealed = coalesce($8, sealed)
            WHERE tenant_id = $1 AND id = $2`,
          [
            tenantId,
            webhookId,
            url ?? null,
            label !== undefined,
            label ?? null,
            events ?? null,
            state ?? null,
            rotation && seal(tenantId, webhookId, rotation.secret),
            rotation?.oldSecretSeconds ?? 0,
          ],
        );
        if (updated === 0) return null;
        const changed = await find(tx, tenantId, webhookId);
        if (changed?.state === 'active') await wakeCursor(tx, tenantId, webhookId);
        else await restCursor(tx, tenantId, webhookId);
        const detail = { events, state, newUrl: url !== undefined, newSecret: rotation !== null };
        await audit(tx, by, { tenantId, action: 'webhook.update', target: webhookId, detail });
        return find(tx, tenantId, webhookId);
      }),

    deleteWebhook: (tenantId, webhookId, by) =>
      transact(db, async (tx) => {
        const gone = await tx.execute('DELETE FROM webhooks WHERE tenant_id = $1 AND id = $2', [
          tenantId,
          webhookId,
        ]);
        if (gone === 0) return false;
        await createEventCursorStore(tx).stop(tenantId, webhookConsumer(webhookId));
        await audit(tx, by, { tenantId, action: 'webhook.delete', target: webhookId });
        return true;
      }),

    async listDeliveries(tenantId, webhookId, { limit, cursor, state = null }) {
      const known = await db.query('SELECT FROM webhooks WHERE tenant_id = $1 AND id = $2', [
        tenantId,
        webhookId,
      ]);
      if (known.length === 0) return null;
      const [at, sequence, isReplay] = cursor ?? [null, null, null];
      const values = [tenantId, webhookId, state, at, sequence, isReplay, limit + 1];
      const rows = await db.query<DeliveryRow>(DELIVERIES, values);
      return toPage(rows, limit, toDelivery, (row) => [
        row.lastAttemptAt.toISOString(),
        row.sequence,
        row.isReplay,
      ]);
    },

    replayWebhook: (tenantId, webhookId, span, by) =>
      transact(db, async (tx) => {
        const events = await createEventCursorStore(tx).replay(tenantId, webhookConsumer(webhookId), span);
        if (events === null) return null;
        const detail = { ...span, events };
        await audit(tx, by, { tenantId, action: 'webhook.replay', target: webhookId, detail });
        return events;
      }),
  };
}
