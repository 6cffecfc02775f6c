import {
  type ConfigResult,
  type NewMapping,
  type SettingsChange,
  settingsOf,
  type TenantConfig,
} from '@callbay/contracts';
import { DEFAULT_SETTINGS, diffConfig } from '@callbay/core';
import type { Actor, ConfigStore } from '@callbay/ingestion';
import { publishMapping } from '../admin/mapping-store.ts';
import { lockSettings } from '../admin/policies.ts';
import { updateTenant } from '../admin/tenant-store.ts';
import { TENANT_COLUMNS, type TenantRow, toTenant } from '../admin/tenant-views.ts';
import { type Database, type Sql, transact } from '../database.ts';

export function createConfigStore(db: Database): ConfigStore {
  return {
    readConfig: (tenantId) =>
      transact(
        db,
        async (tx) => {
          const [row] = await tx.query<TenantRow>(`SELECT ${TENANT_COLUMNS} FROM tenants WHERE id = $1`, [
            tenantId,
          ]);
          return row === undefined ? null : configOf(tx, row);
        },
        { isolation: 'repeatable read', readOnly: true },
      ),

    applyConfig: (tenantId, config, by, options) =>
      transact(db, async (tx) => {
        const row = await lockSettings(tx, tenantId);
        return row === null ? null : apply(tx, row, config, by, options);
      }),
  };
}

/** What the tenant is now, in the form of a set-up file. */
async function configOf(tx: Sql, row: TenantRow): Promise<TenantConfig> {
  const { id, name, timeZone, settings } = toTenant(row);
  const [mapping] = await tx.query<Required<NewMapping>>(
    `SELECT fields, options FROM mapping_versions WHERE tenant_id = $1 AND kind = 'call' ORDER BY version DESC LIMIT 1`,
    [id],
  );
  return {
    callbay: 1,
    name,
    timeZone,
    // A tenant older than a setting has its default.
    settings: { ...DEFAULT_SETTINGS, ...settings } as TenantConfig['settings'],
    mappings: { call: { fields: mapping?.fields ?? [], options: mapping?.options ?? {} } },
  };
}

async function apply(
  tx: Sql,
  row: TenantRow,
  wanted: TenantConfig,
  by: Actor,
  { dryRun, isConfirmed }: { dryRun: boolean; isConfirmed: boolean },
): Promise<ConfigResult> {
  const present = await configOf(tx, row);
  const settings = settingsOf(wanted);
  const { options = {}, fields } = wanted.mappings.call;
  const target = { ...wanted, settings, mappings: { call: { fields, options } } };
  const changes = diffConfig(present, target);
  if (dryRun || changes.length === 0) return { dryRun, changes };
  const touches = (part: string): boolean =>
    changes.some(({ at }) => at === part || at.startsWith(`${part}.`));
  if (touches('name') || touches('timeZone') || touches('settings')) {
    const change = {
      ...(touches('name') ? { name: wanted.name } : {}),
      ...(touches('timeZone') ? { timeZone: wanted.timeZone } : {}),
      ...(touches('settings') ? { settings: replacing(present.settings, settings) } : {}),
    };
    await updateTenant(tx, row.id, change, by, { isConfirmed });
  }
  if (touches('mappings')) await publishMapping(tx, row.id, 'call', { fields, options }, null, by);
  return { dryRun, changes };
}

/** A change that leaves nothing of what was: direction words that are wanted no more are named as gone. */
function replacing(present: SettingsChange, wanted: SettingsChange): SettingsChange {
  const gone = Object.keys(present.directions ?? {}).map((alias): [string, null] => [alias, null]);
  return { ...wanted, directions: { ...Object.fromEntries(gone), ...wanted.directions } };
}
