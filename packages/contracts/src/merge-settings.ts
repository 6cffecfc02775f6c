import type { SettingsChange, TenantSettings } from './tenants.ts';

/**
 * The settings after a change: absent keys stay, `channelMap`, `dataRetention` and `directions` are merged
 * key by key, nulls are set as they are, and a direction alias
 * or a type of CRM file set to null is gone. Aliases are lower-cased.
 */
export function mergeSettings(current: TenantSettings, change: SettingsChange): TenantSettings {
  const { directions, channelMap, dataRetention, crmFiles, ...plain } = change;
  return {
    ...current,
    ...withoutAbsent(plain),
    channelMap: { ...current.channelMap, ...withoutAbsent(channelMap ?? {}) },
    dataRetention: { ...current.dataRetention, ...withoutAbsent(dataRetention ?? {}) },
    ...(crmFiles === undefined ? {} : { crmFiles: mergeCrmFiles(current.crmFiles ?? {}, crmFiles) }),
    directions: mergeDirections(current.directions, directions ?? {}),
  };
}

function mergeCrmFiles(
  current: NonNullable<TenantSettings['crmFiles']>,
  change: NonNullable<SettingsChange['crmFiles']>,
): NonNullable<TenantSettings['crmFiles']> {
  const merged = Object.entries({ ...current, ...withoutAbsent(change) });
  return Object.fromEntries(merged.filter(([, patterns]) => patterns !== null));
}

function mergeDirections(
  current: Readonly<Record<string, string>>,
  change: Readonly<Record<string, string | null>>,
): Record<string, string> {
  const merged = new Map(Object.entries(current));
  for (const [alias, value] of Object.entries(change)) {
    if (value === null) merged.delete(alias.toLowerCase());
    else merged.set(alias.toLowerCase(), value);
  }
  return Object.fromEntries(merged);
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Drops keys that are present with the value undefined, which a spread would otherwise set. */
function withoutAbsent<T extends object>(value: T): Present<T> {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as Present<T>;
}
