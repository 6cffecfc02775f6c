import type { SettingsChange, TenantSettings } from './tenants.ts';

/**
 * The settings after a change: absent keys stay, `channelMap`, `dataRetention`, `linkage` and `directions` are merged
 * key by key, nulls are set as they are, and a direction alias set to null is gone. Aliases are lower-cased.
 */
export function mergeSettings(current: TenantSettings, change: SettingsChange): TenantSettings {
  const { directions, channelMap, dataRetention, linkage, ...plain } = change;
  return {
    ...current,
    ...withoutAbsent(plain),
    channelMap: { ...current.channelMap, ...withoutAbsent(channelMap ?? {}) },
    dataRetention: { ...current.dataRetention, ...withoutAbsent(dataRetention ?? {}) },
    linkage: { ...current.linkage, ...withoutAbsent(linkage ?? {}) },
    directions: mergeDirections(current.directions, directions ?? {}),
  };
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
