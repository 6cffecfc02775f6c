import { DEFAULT_SETTINGS } from '@callbay/core';
import { z } from 'zod';
import { text } from './common.ts';
import { NewCrmMapping, NewMapping } from './mappings.ts';
import { mergeSettings } from './merge-settings.ts';
import { TimeZone } from './rules.ts';
import { SettingsChange, type TenantSettings } from './tenants.ts';

/** The most bytes a set-up file may have. */
export const CONFIG_BYTES = 2 ** 20;

/**
 * A tenant's whole set-up as one file: to review, to keep under version control, to repeat for another tenant. It holds
 * no id, no stage, no key and no secret. A setting that is left out has its default, and so has a type of CRM file
 * without a mapping.
 */
export const TenantConfig = z
  .strictObject({
    callbay: z.literal(1).meta({ description: 'The version of this form.' }),
    name: text(200),
    timeZone: TimeZone.nullable(),
    settings: SettingsChange.default({}),
    mappings: z.strictObject({
      call: NewMapping,
      contacts: NewCrmMapping.optional(),
      leads: NewCrmMapping.optional(),
      opportunities: NewCrmMapping.optional(),
      cases: NewCrmMapping.optional(),
      accounts: NewCrmMapping.optional(),
    }),
  })
  .meta({ id: 'TenantConfig' });
export type TenantConfig = z.infer<typeof TenantConfig>;

/** The settings that a set-up file asks for: its own upon the defaults, and no direction words but its own. */
export function settingsOf({ settings }: TenantConfig): TenantSettings {
  const { directions, sourcePrefixes, alerts, expectedUsers, linkage } = DEFAULT_SETTINGS;
  const base = {
    ...DEFAULT_SETTINGS,
    sourcePrefixes: [...sourcePrefixes],
    temporaryNames: null,
    alerts: { ...alerts, emails: [...alerts.emails] },
    expectedUsers: [...expectedUsers],
    linkage: { ...linkage },
    directions: settings.directions === undefined ? { ...directions } : {},
  };
  return normalSettings(mergeSettings(base, settings));
}

/** No patterns of any type say the same as none at all, and no quota, encoding or temporary names the same as null. */
export function normalSettings({
  crmFiles,
  encoding,
  temporaryNames,
  storageQuotaBytes,
  ...settings
}: TenantSettings): TenantSettings {
  const hasPatterns = crmFiles !== undefined && Object.keys(crmFiles).length > 0;
  const quota = storageQuotaBytes ?? null;
  return {
    ...settings,
    ...(hasPatterns ? { crmFiles } : {}),
    ...((encoding ?? null) === null ? {} : { encoding }),
    ...((temporaryNames ?? null) === null ? {} : { temporaryNames }),
    ...(quota === null ? {} : { storageQuotaBytes: quota }),
  };
}

export const ConfigQuery = z.strictObject({
  dryRun: z.enum(['true', 'false']).optional().meta({ description: '`true`: only answer the difference.' }),
  create: z
    .enum(['true', 'false'])
    .optional()
    .meta({ description: '`true`: make the tenant where there is none with this id; for operators.' }),
  confirm: z
    .enum(['true', 'false'])
    .optional()
    .meta({ description: 'A data retention that deletes calls wants `true`.' }),
});

/** What applying a set-up file changed, or would change. Empty: the tenant is set up so already. */
export const ConfigResult = z
  .object({
    dryRun: z.boolean(),
    isNew: z.literal(true).optional().meta({ description: 'The tenant was made, or would be.' }),
    changes: z.array(z.object({ at: z.string(), old: z.unknown().optional(), new: z.unknown().optional() })),
  })
  .meta({ id: 'ConfigResult' });
export type ConfigResult = z.infer<typeof ConfigResult>;
