import {
  CallbayError,
  COACH_MINIMUM,
  DEFAULT_SETTINGS,
  type FieldMapping,
  type TenantSettings,
} from '@callbay/core';
import { type Database, type Sql, transact } from '../database/database.ts';

export interface TenantToInsert {
  readonly id: string;
  readonly name: string;
  readonly timeZone?: string | null;
  readonly stage?: 'setup' | 'verification' | 'live' | 'suspended';
  readonly settings?: Partial<TenantSettings>;
  /** Replaces the starting mapping. */
  readonly fields?: readonly FieldMapping[];
  /** Whose doing it is, for the mapping's history. */
  readonly insertedBy: string;
}

const COUNTERS = ['receive', 'change', 'call'];

/**
 * Inserts a tenant whole, inside the caller's transaction: its row, its counters at 0, version 1 of its call mapping
 * and of its policy. Throws CONFLICT where the id is taken. What is allowed (a live tenant's time zone, the shape of an
 * id) is the caller's to check.
 */
export async function insertTenantRows(tx: Sql, tenant: TenantToInsert): Promise<void> {
  const settings: TenantSettings = { ...DEFAULT_SETTINGS, ...tenant.settings };
  const timeZone = tenant.timeZone ?? null;
  const mapping = { fields: tenant.fields ?? COACH_MINIMUM.fields, options: COACH_MINIMUM.options };
  const inserted = await tx.execute(
    `INSERT INTO tenants (id, name, time_zone, stage, settings, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, callbay_now(), callbay_now()) ON CONFLICT (id) DO NOTHING`,
    [tenant.id, tenant.name, timeZone, tenant.stage ?? 'setup', JSON.stringify(settings)],
  );
  if (inserted === 0) throw new CallbayError('CONFLICT', `Tenant ${tenant.id} already exists.`);
  await tx.execute(
    'INSERT INTO tenant_counters (tenant_id, name, value) SELECT $1, name, 0 FROM unnest($2::text[]) AS name',
    [tenant.id, COUNTERS],
  );
  await tx.execute(
    `INSERT INTO mapping_versions (tenant_id, kind, version, fields, options, published_at, published_by)
     VALUES ($1, 'call', 1, $2, $3, callbay_now(), $4)`,
    [tenant.id, JSON.stringify(mapping.fields), JSON.stringify(mapping.options), tenant.insertedBy],
  );
  await tx.execute(
    'INSERT INTO tenant_policies (tenant_id, version, policy, created_at) VALUES ($1, 1, $2, callbay_now())',
    [tenant.id, JSON.stringify({ version: 1, timeZone, settings, mappingVersion: 1, mapping })],
  );
}

/** `insertTenantRows` in a transaction of its own. */
export const insertTenant = (db: Database, tenant: TenantToInsert): Promise<void> =>
  transact(db, (tx) => insertTenantRows(tx, tenant));
