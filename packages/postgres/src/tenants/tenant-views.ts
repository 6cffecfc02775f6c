import type { Stage, Tenant, TenantSettings } from '@callbay/contracts';
import { DEFAULT_SETTINGS } from '@callbay/core';

/** The columns a tenant's view is made of: a Prisma `Tenant` fits, and so does a row of `TENANT_COLUMNS`. */
export interface TenantRow {
  readonly id: string;
  readonly name: string;
  readonly timeZone: string | null;
  readonly stage: string;
  readonly settings: unknown;
  readonly surfaceFrom: Date | null;
  readonly createdAt: Date;
}

export const TENANT_COLUMNS = `id, name, time_zone AS "timeZone", stage, settings, surface_from AS "surfaceFrom",
  created_at AS "createdAt"`;

export const toTenant = (row: TenantRow): Tenant => ({
  id: row.id,
  name: row.name,
  timeZone: row.timeZone,
  stage: row.stage as Stage,
  surfaceFrom: row.surfaceFrom?.toISOString() ?? null,
  // Settings newer than the tenant have their defaults.
  settings: { ...DEFAULT_SETTINGS, ...(row.settings as Partial<TenantSettings>) } as TenantSettings,
  createdAt: row.createdAt.toISOString(),
});
