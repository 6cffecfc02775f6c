import { randomUUID } from 'node:crypto';
import type { AlertSettings, Digest, ToldAlert } from '@callbay/core';
import { type Database, type Sql, transact } from '../database/database.ts';

interface Listener {
  readonly tenantId: string;
  readonly settings: AlertSettings;
}

interface UntoldRow extends Omit<ToldAlert, 'openedAt' | 'resolvedAt'> {
  readonly openedAt: Date;
  readonly resolvedAt: Date | null;
  readonly isStale: boolean;
}

/** The most that one digest lists; the rest comes with the next. */
const MAX_ALERTS = 200;

/** Tenants with unreported alerts, a recipient, and no digest within the time they set. */
const LISTENERS = `
  SELECT t.id AS "tenantId", t.settings -> 'alerts' AS settings
    FROM (SELECT DISTINCT tenant_id FROM alerts WHERE is_untold) a JOIN tenants t ON t.id = a.tenant_id
   WHERE t.stage <> 'suspended'
     AND (jsonb_array_length(t.settings -> 'alerts' -> 'emails') > 0
          OR t.settings -> 'alerts' ->> 'webhookUrl' IS NOT NULL)
     AND NOT EXISTS (SELECT FROM alert_digests d WHERE d.tenant_id = t.id
           AND d.at > (SELECT callbay_now()) - (t.settings -> 'alerts' ->> 'digestEveryMinutes')::int * interval '1 minute')
   ORDER BY t.id LIMIT $1`;

/** Stale: come and gone over a day ago without a word, because nobody was there to listen. */
const UNTOLD = `
  SELECT id, kind, subject, message, fix, count, examples, opened_at AS "openedAt", resolved_at AS "resolvedAt",
         coalesce(resolved_at < callbay_now() - interval '1 day', FALSE) AND NOT is_open_told AS "isStale"
    FROM alerts WHERE tenant_id = $1 AND is_untold ORDER BY opened_at, kind, id LIMIT ${MAX_ALERTS} FOR UPDATE`;

/** Makes a digest for each listener, with a delivery for each of its recipients. Answers how many. */
export async function makeDigests(db: Database, limit: number): Promise<number> {
  const listeners = await db.query<Listener>(LISTENERS, [limit]);
  for (const listener of listeners) await transact(db, (tx) => makeDigest(tx, listener));
  return listeners.length;
}

async function makeDigest(tx: Sql, { tenantId, settings }: Listener): Promise<void> {
  const rows = await tx.query<UntoldRow>(UNTOLD, [tenantId]);
  await tx.execute(
    `UPDATE alerts SET is_untold = FALSE, is_open_told = TRUE WHERE tenant_id = $1 AND id = ANY($2::uuid[])`,
    [tenantId, rows.map(({ id }) => id)],
  );
  const fresh = rows.filter(({ isStale }) => !isStale).map(toTold);
  if (fresh.length === 0) return;
  const [state] = await tx.query<{ now: Date; openCount: number }>(
    'SELECT callbay_now() AS now, count(*) AS "openCount" FROM alerts WHERE tenant_id = $1 AND is_open',
    [tenantId],
  );
  if (state === undefined) throw new Error('a count returned no row');
  const digest: Digest = {
    tenantId,
    at: state.now.toISOString(),
    opened: fresh.filter(({ resolvedAt }) => resolvedAt === null),
    resolved: fresh.filter(({ resolvedAt }) => resolvedAt !== null),
    openCount: state.openCount,
  };
  await insertDigest(tx, digest, settings);
}

const toTold = ({ isStale: _isStale, openedAt, resolvedAt, ...alert }: UntoldRow): ToldAlert => ({
  ...alert,
  openedAt: openedAt.toISOString(),
  resolvedAt: resolvedAt?.toISOString() ?? null,
});

async function insertDigest(tx: Sql, digest: Digest, { emails, webhookUrl }: AlertSettings): Promise<void> {
  const { tenantId, at } = digest;
  const digestId = randomUUID();
  await tx.execute('INSERT INTO alert_digests (tenant_id, id, at, digest) VALUES ($1, $2, $3, $4)', [
    tenantId,
    digestId,
    at,
    JSON.stringify(digest),
  ]);
  // A webhook's path may be a secret of the receiver's: its host is enough to know it by.
  const webhooks = webhookUrl === null ? [] : [URL.parse(webhookUrl)?.host ?? 'unknown'];
  const targets = [
    ...emails.map((target) => ({ channel: 'email', target })),
    ...webhooks.map((target) => ({ channel: 'webhook', target })),
  ];
  for (const { channel, target } of targets) {
    await tx.execute(
      `INSERT INTO alert_deliveries (tenant_id, id, digest_id, channel, target, created_at, due_at)
       VALUES ($1, $2, $3, $4, $5, $6, $6)`,
      [tenantId, randomUUID(), digestId, channel, target, at],
    );
  }
}
