import { randomUUID } from 'node:crypto';
import { type Alert, type AlertDelivery, pageOf, toPage } from '@callbay/contracts';
import {
  type AlertSettings,
  CallbayError,
  DELIVERY_TABLE,
  type DeliveryCode,
  testAlert,
} from '@callbay/core';
import type { Actor, AlertReader } from '@callbay/ingestion';
import { audit } from '../access/audit.ts';
import type { SecretSealer } from '../access/host-keys.ts';
import { type Database, type Sql, transact } from '../database/database.ts';
import { queryPage, type Sized } from '../database/page.ts';
import { HAS_RECENT_TEST, insertDigest } from './make-digests.ts';

type Dated<T, K extends keyof T> = Omit<T, K> & {
  readonly [P in K]: T[P] extends string ? Date : Date | null;
};

interface DeliveryRow
  extends Dated<Omit<AlertDelivery, 'fix' | 'code'>, 'createdAt' | 'nextAttemptAt' | 'deliveredAt'> {
  readonly code: DeliveryCode | null;
}

/** `examples` is JSON. */
type AlertRow = Omit<Dated<Alert, 'openedAt' | 'updatedAt' | 'resolvedAt'>, 'examples'> & {
  readonly examples: string;
};

const LIGHT_COLUMNS = {
  id: 'id',
  kind: 'kind',
  subject: 'subject',
  state: "CASE WHEN is_open THEN 'open' ELSE 'resolved' END",
  fix: 'fix',
  count: 'count',
  openedAt: 'opened_at',
  updatedAt: 'updated_at',
  resolvedAt: 'resolved_at',
} as const;
const HEAVY_COLUMNS = { message: 'message', examples: 'examples' } as const;

const listAlertsSql = (select: string): string => `
  SELECT ${select} FROM alerts
   WHERE tenant_id = $1 AND ($2::timestamptz IS NULL OR (opened_at, id) < ($2, $3::uuid))
     AND ($4::text IS NULL OR (is_open IS NOT NULL) = ($4 = 'open')) AND ($5::text IS NULL OR kind = $5)
   ORDER BY opened_at DESC, id DESC LIMIT $6`;

const LIST_DELIVERIES = `
  SELECT id, digest_id AS "digestId", channel, target, state, attempts, created_at AS "createdAt",
         CASE WHEN state = 'pending' THEN due_at END AS "nextAttemptAt", delivered_at AS "deliveredAt", code, message
    FROM alert_deliveries
   WHERE tenant_id = $1 AND ($2::timestamptz IS NULL OR (created_at, id) < ($2, $3::uuid))
     AND ($4::text IS NULL OR state = $4) AND ($6::uuid IS NULL OR digest_id = $6)
   ORDER BY created_at DESC, id DESC LIMIT $5`;

/** What a webhook's secret is sealed as: one moved to another tenant's row does not open. */
export const webhookSecretContext = (tenantId: string): string => `webhook:${tenantId}`;

export function createAlertReader(db: Database, sealer: SecretSealer): AlertReader {
  return {
    async listAlerts(tenantId, { limit, cursor, state = null, kind = null }) {
      const [at, id] = cursor ?? [null, null];
      const page = await queryPage<AlertRow>(db, {
        light: LIGHT_COLUMNS,
        heavy: HEAVY_COLUMNS,
        limit,
        omitsLarge: false,
        statement: (select, rows) => ({
          text: listAlertsSql(select),
          values: [tenantId, at, id, state, kind, rows],
        }),
      });
      return pageOf(page, toAlert, (row) => [row.openedAt.toISOString(), row.id]);
    },

    async listDeliveries(tenantId, { limit, cursor, state = null }) {
      const [at, id] = cursor ?? [null, null];
      const rows = await db.query<DeliveryRow>(LIST_DELIVERIES, [tenantId, at, id, state, limit + 1, null]);
      return toPage(rows, limit, toDelivery, (row) => [row.createdAt.toISOString(), row.id]);
    },

    sendTest: (tenantId, by) => transact(db, (tx) => sendTest(tx, tenantId, by)),

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

const toAlert = ({ bytes: _bytes, ...row }: AlertRow & Sized): Alert => ({
  ...row,
  examples: JSON.parse(row.examples) as Alert['examples'],
  openedAt: row.openedAt.toISOString(),
  updatedAt: row.updatedAt.toISOString(),
  resolvedAt: row.resolvedAt?.toISOString() ?? null,
});

const toDelivery = (row: DeliveryRow): AlertDelivery => ({
  ...row,
  createdAt: row.createdAt.toISOString(),
  nextAttemptAt: row.nextAttemptAt?.toISOString() ?? null,
  deliveredAt: row.deliveredAt?.toISOString() ?? null,
  fix: row.code === null ? null : DELIVERY_TABLE[row.code].fix,
});

/** A digest of its own: it waits for no other digest, and no other waits for it. */
async function sendTest(tx: Sql, tenantId: string, by: Actor): Promise<AlertDelivery[] | null> {
  const [tenant] = await tx.query<{
    settings: AlertSettings;
    now: Date;
    openCount: number;
    hasRecentTest: boolean;
  }>(
    `SELECT settings -> 'alerts' AS settings, callbay_now() AS now,
            (SELECT count(*) FROM alerts WHERE tenant_id = $1 AND is_open) AS "openCount",
            ${HAS_RECENT_TEST} AS "hasRecentTest"
       FROM tenants WHERE id = $1 FOR NO KEY UPDATE`,
    [tenantId],
  );
  if (tenant === undefined) return null;
  const { settings, now, openCount } = tenant;
  if (settings.emails.length === 0 && settings.webhookUrl === null) return [];
  if (tenant.hasRecentTest)
    throw new CallbayError('RATE_LIMITED', 'A test alert was sent within the last minute.');
  const at = now.toISOString();
  const opened = [testAlert(randomUUID(), at)];
  const digestId = await insertDigest(tx, { tenantId, at, opened, resolved: [], openCount }, settings);
  await audit(tx, by, { tenantId, action: 'alert.test', target: digestId });
  const rows = await tx.query<DeliveryRow>(LIST_DELIVERIES, [tenantId, null, null, null, 500, digestId]);
  return rows.map(toDelivery);
}
