import {
  type ConfigResult,
  MappingKind,
  type NewMapping,
  normalSettings,
  type SettingsChange,
  settingsOf,
  type Tenant,
  type TenantConfig,
} from '@callbay/contracts';
import { DEFAULT_SETTINGS, diffConfig } from '@callbay/core';
import type { Actor, ConfigStore } from '@callbay/ingestion';
import { type Database, type Sql, transact } from '../database/database.ts';
import { publishMapping } from '../tenants/mapping-store.ts';
import { lockSettings } from '../tenants/policies.ts';
import { createTenant, updateTenant } from '../tenants/tenant-store.ts';
import { TENANT_COLUMNS, type TenantRow, toTenant } from '../tenants/tenant-views.ts';

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
      options.makesTenant
        ? rollBackDryRun(options.dryRun, (dryRun) =>
            transact(db, async (tx) => {
              const isNew = (await lockSettings(tx, tenantId)) === null;
              if (isNew) await createTenant(tx, { id: tenantId, name: config.name }, by);
              const row = await lockSettings(tx, tenantId);
              const result = row === null ? null : await apply(tx, row, config, by, options);
              if (result === null || !isNew) return result;
              return dryRun({ ...result, isNew });
            }),
          )
        : transact(db, async (tx) => {
            const row = await lockSettings(tx, tenantId);
            return row === null ? null : apply(tx, row, config, by, options);
          }),
  };
}

/** Ends a transaction whose result is wanted and whose writes are not. */
class DryRun extends Error {
  readonly result: ConfigResult;

  constructor(result: ConfigResult) {
    super('a dry run is rolled back');
    this.result = result;
  }
}

/** Calls `work` with what ends a dry run: the tenant that was made to compare with is rolled back. */
async function rollBackDryRun(
  isDryRun: boolean,
  work: (end: (result: ConfigResult) => ConfigResult) => Promise<ConfigResult | null>,
): Promise<ConfigResult | null> {
  try {
    return await work((result) => {
      if (isDryRun) throw new DryRun(result);
      return result;
    });
  } catch (error) {
    if (error instanceof DryRun) return error.result;
    throw error;
  }
}

/** What the tenant is now, in the form of a set-up file. */
async function configOf(tx: Sql, row: TenantRow): Promise<TenantConfig> {
  const { id, name, timeZone, settings } = toTenant(row);
  const published = await tx.query<Required<NewMapping> & { kind: MappingKind }>(
    `SELECT DISTINCT ON (kind) kind, fields, options FROM mapping_versions WHERE tenant_id = $1 ORDER BY kind, version DESC`,
    [id],
  );
  const mappings = published
    .filter(({ kind, fields }) => kind === 'call' || fields.length > 0)
    .map(({ kind, fields, options }) => [kind, { fields, options }]);
  return {
    callbay: 1,
    name,
    timeZone,
    // A tenant older than a setting has its default.
    settings: normalSettings({ ...DEFAULT_SETTINGS, ...settings } as Tenant['settings']),
    mappings: { call: { fields: [], options: {} }, ...Object.fromEntries(mappings) },
  };
}

async function apply(
  tx: Sql,
  row: TenantRow,
  wanted: TenantConfig,
  by: Actor,
  { dryRun, isConfirmed }: { readonly dryRun: boolean; readonly isConfirmed: boolean },
): Promise<ConfigResult> {
  const present = await configOf(tx, row);
  const settings = settingsOf(wanted);
  const mappings = Object.fromEntries(
    MappingKind.options.flatMap((kind) => {
      const { fields, options = {} } = wanted.mappings[kind] ?? NO_MAPPING;
      return kind in wanted.mappings ? [[kind, { fields, options }]] : [];
    }),
  );
  const target = { ...wanted, settings, mappings };
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
  for (const kind of MappingKind.options) {
    if (touches(`mappings.${kind}`))
      await publishMapping(tx, row.id, kind, wanted.mappings[kind] ?? NO_MAPPING, null, by);
  }
  return { dryRun, changes };
}

/** A version without fields takes the mapping of a type of CRM file back: its files are read by the preset again. */
const NO_MAPPING: NewMapping = { fields: [] };

/** A change that leaves nothing of what was: direction words and patterns that are wanted no more are named as gone. */
function replacing(present: SettingsChange, wanted: SettingsChange): SettingsChange {
  return {
    ...wanted,
    directions: { ...gone(present.directions), ...wanted.directions },
    crmFiles: { ...gone(present.crmFiles), ...wanted.crmFiles },
  };
}

const gone = (present: object | undefined): Record<string, null> =>
  Object.fromEntries(Object.keys(present ?? {}).map((key) => [key, null]));
