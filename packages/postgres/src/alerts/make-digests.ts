import { randomUUID } from 'node:crypto';
import type { AlertSettings, Digest, ToldAlert } from '@callbay/core';
import type { Listener } from '@callbay/ingestion';
import type { Database, Sql } from '../database/database.ts';

interface UntoldRow extends Omit<ToldAlert, 'openedAt' | 'resolvedAt'> {
  readonly openedAt: Date;
  readonly resolvedAt: Date | null;
  readonly isStale: boolean;
}

/** The most that one digest lists; the rest comes with the next. */
const MAX_ALERTS = 200;

/** A digest `d` that somebody asked for: no real one waits for it. */
const IS_TEST = `coalesce(d.digest #>> '{opened,0,kind}' = 'TEST', FALSE)`;

/** Whether tenant $1 had a test alert within a minute. */
export const HAS_RECENT_TEST = `EXISTS (SELECT FROM alert_digests d
   WHERE d.tenant_id = $1 AND ${IS_TEST} AND d.at > callbay_now() - interval '1 minute')`;

const LIST_UNREPORTED = `
  SELECT t.id FROM tenants t
   WHERE ($1::text IS NULL OR t.id > $1) AND EXISTS (SELECT FROM alerts a WHERE a.tenant_id = t.id AND a.is_untold)
   ORDER BY t.id LIMIT $2`;

/** With a recipient, and no digest within the time they set. */
const LISTENERS = `
  SELECT t.id AS "tenantId", t.settings -> 'alerts' AS settings FROM tenants t
   WHERE t.id = ANY($1) AND t.stage <> 'suspended'
     AND EXISTS (SELECT FROM alerts a WHERE a.tenant_id = t.id AND a.is_untold)
     AND (jsonb_array_length(t.settings -> 'alerts' -> 'emails') > 0
          OR t.settings -> 'alerts' ->> 'webhookUrl' IS NOT NULL)
     AND NOT EXISTS (SELECT FROM alert_digests d WHERE d.tenant_id = t.id AND NOT ${IS_TEST}
           AND d.at > (SELECT callbay_now()) - (t.settings -> 'alerts' ->> 'digestEveryMinutes')::int * interval '1 minute')
   ORDER BY t.id`;

/** Stale: come and gone over a day ago without a word, because nobody was there to listen. */
const UNTOLD = `
  SELECT id, kind, subject, message, fix, count, examples, opened_at AS "openedAt", resolved_at AS "resolvedAt",
         coalesce(resolved_at < callbay_now() - interval '1 day', FALSE) AND NOT is_open_told AS "isStale"
    FROM alerts WHERE tenant_id = $1 AND is_untold ORDER BY opened_at, kind, id LIMIT ${MAX_ALERTS} FOR UPDATE`;

export async function listUnreported(db: Database, after: string | null, limit: number): Promise<string[]> {
  const rows = await db.query<{ id: string }>(LIST_UNREPORTED, [after, limit]);
  return rows.map(({ id }) => id);
}

export const findListeners = (db: Database, tenantIds: readonly string[]): Promise<Listener[]> =>
  db.query<Listener>(LISTENERS, [tenantIds]);

/** Makes a digest with a delivery for each of the listener's recipients. */
export async function makeDigest(tx: Sql, { tenantId, settings }: Listener): Promise<void> {
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

/** Stores a digest with a delivery for each recipient, and returns the digest's id. */
export async function insertDigest(
  tx: Sql,
  digest: Digest,
  { emails, webhookUrl }: AlertSettings,
): Promise<string> {
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
  return digestId;
}
