import { randomUUID } from 'node:crypto';
import {
  type AlertChanges,
  type AlertFinding,
  type AlertOpenedData,
  alertOpened,
  findingOf,
  type SharedAlertKind,
} from '@callbay/core';
import type { AlertStore } from '@callbay/ingestion';
import { type Database, type Sql, transact } from '../database/database.ts';
import { publishEvents } from '../events/publish-events.ts';
import { listTenants } from '../tenants/list-tenants.ts';
import { readFacts, readWeekBefore } from './alert-facts.ts';
import { findTenantsToJudge } from './tenants-to-judge.ts';

/** An alert that comes back this soon was never gone: it goes on under its id. */
const SAME_AGAIN = '10 minutes';
const KEPT = '90 days';
/** Of all tenants where $2 is null. */
const IS_OF = '($2::text[] IS NULL OR tenant_id = ANY($2))';

/** Nothing is left to report where the opening was reported and the end was not; otherwise the opening is reported again. */
const TOLD_WHEN_REOPENED =
  'is_open_told = is_open_told AND is_untold, is_untold = NOT (is_open_told AND is_untold)';

export function createAlertStore(db: Database): AlertStore {
  return {
    listTenants: (after, limit) => listTenants(db, after, limit),
    findTenantsToJudge: findTenantsToJudge(db),
    readFacts: readFacts(db),
    readWeekBefore: readWeekBefore(db),
    saveChanges: (tenantId, changes) => transact(db, (tx) => saveChanges(tx, tenantId, changes)),
    noteShared: (kind, detail) =>
      detail === null ? resolveShared(db, kind) : transact(db, (tx) => openShared(tx, kind, detail)),

    async trimAlerts(tenantIds, limit) {
      const alerts = await db.execute(
        `DELETE FROM alerts WHERE (tenant_id, id) IN
           (SELECT tenant_id, id FROM alerts WHERE resolved_at < callbay_now() - interval '${KEPT}' AND ${IS_OF} LIMIT $1)`,
        [limit, tenantIds],
      );
      const digests = await db.execute(
        `DELETE FROM alert_digests WHERE (tenant_id, id) IN
           (SELECT tenant_id, id FROM alert_digests WHERE at < callbay_now() - interval '${KEPT}' AND ${IS_OF} LIMIT $1)`,
        [limit, tenantIds],
      );
      return Math.max(alerts, digests);
    },
  };
}

async function saveChanges(
  tx: Sql,
  tenantId: string,
  { toOpen, toUpdate, toResolve }: AlertChanges,
): Promise<void> {
  const opened: AlertOpenedData[] = [];
  for (const finding of toOpen) {
    const alert = await open(tx, tenantId, finding);
    if (alert !== null) opened.push(alert);
  }
  for (const { id, message, fix, count, examples } of toUpdate) {
    await tx.execute(
      `UPDATE alerts SET message = $3, fix = $4, count = $5, examples = $6, updated_at = callbay_now()
        WHERE tenant_id = $1 AND id = $2`,
      [tenantId, id, message, fix, count, JSON.stringify(examples)],
    );
  }
  await tx.execute(
    `UPDATE alerts SET is_open = NULL, resolved_at = callbay_now(), updated_at = callbay_now(), is_untold = TRUE
      WHERE tenant_id = $1 AND id = ANY($2::uuid[]) AND is_open`,
    [tenantId, toResolve],
  );
  await publishOpened(tx, tenantId, opened);
}

async function publishOpened(tx: Sql, tenantId: string, opened: readonly AlertOpenedData[]): Promise<void> {
  if (opened.length === 0) return;
  await publishEvents(
    tx,
    tenantId,
    opened.map((alert) => ({ ...alertOpened(alert), callId: null })),
  );
}

/** Null where it is the alert of a few minutes ago, or open already. */
async function open(tx: Sql, tenantId: string, finding: AlertFinding): Promise<AlertOpenedData | null> {
  const { kind, subject, message, fix, count, examples } = finding;
  const values = [tenantId, kind, subject, message, fix, count, JSON.stringify(examples)];
  const reopened = await tx.execute(
    `UPDATE alerts SET is_open = TRUE, resolved_at = NULL, message = $4, fix = $5, count = $6, examples = $7,
            updated_at = callbay_now(), ${TOLD_WHEN_REOPENED}
      WHERE (tenant_id, id) = (SELECT tenant_id, id FROM alerts
              WHERE tenant_id = $1 AND kind = $2 AND subject = $3 AND is_open IS NULL
                AND resolved_at > callbay_now() - interval '${SAME_AGAIN}'
              ORDER BY resolved_at DESC LIMIT 1)`,
    values,
  );
  if (reopened > 0) return null;
  const alertId = randomUUID();
  const inserted = await tx.execute(
    `INSERT INTO alerts (tenant_id, kind, subject, message, fix, count, examples, id, opened_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, callbay_now(), callbay_now()) ON CONFLICT DO NOTHING`,
    [...values, alertId],
  );
  return inserted === 0 ? null : { alertId, kind, subject, message, fix, count };
}

const SUBJECTS: Readonly<Record<SharedAlertKind, string>> = { CLOCKS_DISAGREE: 'clocks', DISK_LOW: 'disk' };

/** A few statements for all tenants: it is about none in particular. Each that has it now gets its event. */
async function openShared(tx: Sql, shared: SharedAlertKind, detail: string): Promise<void> {
  const { kind, subject, message, fix } = findingOf(shared, SUBJECTS[shared], detail);
  await tx.execute(
    `UPDATE alerts SET is_open = TRUE, resolved_at = NULL, message = $3, updated_at = callbay_now(), ${TOLD_WHEN_REOPENED}
      WHERE (tenant_id, id) IN (
        SELECT DISTINCT ON (tenant_id) tenant_id, id FROM alerts a
         WHERE kind = $1 AND subject = $2 AND is_open IS NULL
           AND resolved_at > (SELECT callbay_now()) - interval '${SAME_AGAIN}'
           AND NOT EXISTS (SELECT FROM alerts o WHERE o.tenant_id = a.tenant_id AND o.kind = $1
                             AND o.subject = $2 AND o.is_open)
         ORDER BY tenant_id, resolved_at DESC)`,
    [kind, subject, message],
  );
  const opened = await tx.query<{ tenantId: string; alertId: string }>(
    `INSERT INTO alerts (tenant_id, id, kind, subject, message, fix, count, examples, opened_at, updated_at)
     SELECT id, gen_random_uuid(), $1, $2, $3, $4, 1, '[]', callbay_now(), callbay_now()
       FROM tenants WHERE stage <> 'suspended'
         ON CONFLICT (tenant_id, kind, subject, is_open) DO NOTHING
     RETURNING tenant_id AS "tenantId", id AS "alertId"`,
    [kind, subject, message, fix],
  );
  // In one order everywhere: the counters of several tenants are held together.
  for (const { tenantId, alertId } of opened.toSorted((a, b) => (a.tenantId < b.tenantId ? -1 : 1))) {
    await publishOpened(tx, tenantId, [{ alertId, kind, subject, message, fix, count: 1 }]);
  }
}

async function resolveShared(db: Database, kind: SharedAlertKind): Promise<void> {
  await db.execute(
    `UPDATE alerts SET is_open = NULL, resolved_at = callbay_now(), updated_at = callbay_now(), is_untold = TRUE
      WHERE is_open AND kind = $1`,
    [kind],
  );
}
