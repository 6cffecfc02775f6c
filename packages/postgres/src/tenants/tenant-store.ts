import {
  mergeSettings,
  type NewTenant,
  pageOf,
  type SettingsChange,
  type Tenant,
  type TenantChange,
  TenantSettings,
} from '@callbay/contracts';
import { CallbayError, DEFAULT_SETTINGS } from '@callbay/core';
import type { Actor, TenantStore } from '@callbay/ingestion';
import { audit } from '../access/audit.ts';
import { type Database, type Sql, transact } from '../database/database.ts';
import { fillPage } from '../database/page.ts';
import { readPrisma } from '../database/read-prisma.ts';
import { assertSmallPurge, startGrace } from '../retention/retention-change.ts';
import { lockSettings, publishPolicy, tellTenantAccess, wakeOpenCalls } from './policies.ts';
import { readReadiness } from './readiness.ts';
import { insertTenantRows } from './tenant-rows.ts';
import { TENANT_COLUMNS, type TenantRow, toTenant } from './tenant-views.ts';

export function createTenantStore(db: Database): TenantStore {
  return {
    async tenantExists(tenantId) {
      const rows = await db.query('SELECT FROM tenants WHERE id = $1', [tenantId], 'tenant_exists');
      return rows.length === 1;
    },

    createTenant: (tenant, by) => transact(db, (tx) => createTenant(tx, tenant, by)),

    async findTenant(tenantId) {
      const row = await readPrisma(db, (prisma) => prisma.tenant.findUnique({ where: { id: tenantId } }));
      return row && toTenant(row);
    },

    async listTenants(scope, { limit, cursor }) {
      const load = (last: string | undefined, take: number) =>
        readPrisma(db, (prisma) =>
          prisma.tenant.findMany({
            where: {
              AND: [
                scope === null ? {} : { id: { in: [...scope] } },
                last === undefined ? {} : { id: { gt: last } },
              ],
            },
            orderBy: { id: 'asc' },
            take,
          }),
        );
      const page = await fillPage<TenantRow>({
        limit,
        load: (after, rows) => load(after?.id ?? cursor, rows),
        heavyOf: ({ settings }) => settings,
      });
      return pageOf(page, toTenant, (row) => row.id);
    },

    updateTenant: (tenantId, change, by, options) =>
      transact(db, (tx) => updateTenant(tx, tenantId, change, by, options)),

    goLive: (tenantId, surfaceFrom, by) => transact(db, (tx) => goLive(tx, tenantId, surfaceFrom, by)),

    readReadiness: (tenantId) => readReadiness(db, tenantId),
  };
}

/**
 * Recipients of alerts and expected users do not affect facts: no new policy, no call to decide again.
 */
function changesReading({
  alerts: _alerts,
  expectedUsers: _users,
  storageQuotaBytes: _quota,
  ...rest
}: SettingsChange = {}): boolean {
  return Object.values(rest).some((value) => value !== undefined);
}

function assertTimeZone(stage: string, timeZone: string | null): void {
  if (stage === 'live' && timeZone === null) throw new CallbayError('TIME_ZONE_REQUIRED');
}

export async function createTenant(tx: Sql, tenant: NewTenant, by: Actor): Promise<Tenant> {
  const { id, name, timeZone = null, stage = 'setup', settings = {} } = tenant;
  assertTimeZone(stage, timeZone);
  const merged = mergeSettings(TenantSettings.parse(DEFAULT_SETTINGS), settings);
  await insertTenantRows(tx, { id, name, timeZone, stage, settings: merged, insertedBy: by.name });
  await audit(tx, by, { tenantId: id, action: 'tenant.create', target: id, detail: { ...tenant } });
  return toTenant(await readRow(tx, id));
}

export async function updateTenant(
  tx: Sql,
  tenantId: string,
  change: TenantChange,
  by: Actor,
  { isConfirmed }: { isConfirmed: boolean },
): Promise<Tenant | null> {
  const row = await lockSettings(tx, tenantId);
  if (row === null) return null;
  const tenant = toTenant(row);
  const { name = tenant.name, stage = tenant.stage } = change;
  const timeZone = change.timeZone === undefined ? tenant.timeZone : change.timeZone;
  const settings = mergeSettings(tenant.settings, change.settings ?? {});
  assertTimeZone(stage, timeZone);
  if (!isConfirmed)
    await assertSmallPurge(tx, tenantId, tenant.settings.dataRetention, settings.dataRetention);
  await tx.execute(
    `UPDATE tenants SET name = $2, time_zone = $3, stage = $4, settings = $5, updated_at = callbay_now() WHERE id = $1`,
    [tenantId, name, timeZone, stage, JSON.stringify(settings)],
  );
  await startGrace(tx, tenantId, tenant.settings.dataRetention, settings.dataRetention);
  const readsOtherwise = change.timeZone !== undefined || changesReading(change.settings);
  if (readsOtherwise) await publishPolicy(tx, tenantId, { timeZone, settings });
  if (readsOtherwise || stage !== tenant.stage) await wakeOpenCalls(tx, tenantId);
  if (change.settings !== undefined || stage !== tenant.stage) await tellTenantAccess(tx, tenantId);
  await audit(tx, by, { tenantId, action: 'tenant.update', target: tenantId, detail: { ...change } });
  return toTenant(await readRow(tx, tenantId));
}

async function goLive(
  tx: Sql,
  tenantId: string,
  surfaceFrom: Date | null | undefined,
  by: Actor,
): Promise<Tenant | null> {
  const row = await lockSettings(tx, tenantId);
  if (row === null) return null;
  assertTimeZone('live', row.timeZone);
  const from = surfaceFrom === undefined ? row.surfaceFrom : surfaceFrom;
  await tx.execute(
    `UPDATE tenants SET stage = 'live', surface_from = $2, updated_at = callbay_now() WHERE id = $1`,
    [tenantId, from],
  );
  await wakeOpenCalls(tx, tenantId);
  await tellTenantAccess(tx, tenantId);
  await audit(tx, by, {
    tenantId,
    action: 'tenant.goLive',
    target: tenantId,
    detail: { surfaceFrom: from, from: row.stage },
  });
  return toTenant(await readRow(tx, tenantId));
}

async function readRow(tx: Sql, tenantId: string): Promise<TenantRow> {
  const [row] = await tx.query<TenantRow>(`SELECT ${TENANT_COLUMNS} FROM tenants WHERE id = $1`, [tenantId]);
  if (row === undefined) throw new Error(`tenant ${tenantId} vanished from under its lock`);
  return row;
}
