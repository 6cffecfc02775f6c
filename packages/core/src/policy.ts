import type { CrmFilePatterns } from './crm/crm-types.ts';
import type { LinkageLimits } from './linkage/decide-links.ts';
import { DEFAULT_LINKAGE } from './linkage/weights.ts';
import type { FieldMapping, MappingOptions } from './mapping/field-mapping.ts';

/** What a tenant set for the reading of its file names and metadata. Source: C10, C11, C19, FACE settings. */
export interface TenantSettings {
  readonly filenameTimestamp: 'start' | 'end';
  /** An RE2 pattern with the named groups `date`, `time` and `rest`, or null for the default one. */
  readonly filenamePattern: string | null;
  /** Lower-case alias to direction value, such as `screen_share` to `screenshare`. */
  readonly directions: Readonly<Record<string, string>>;
  readonly sourcePrefixes: readonly string[];
  readonly channelMap: { readonly rep: 'left' | 'right' };
  readonly updateMode: 'replace' | 'merge';
  readonly crmWaitSeconds: number;
  /**
   * RE2 patterns of CRM files' names, by type, without the extension. Absent: the plural name; empty: none.
   * Source: C25.
   */
  readonly crmFiles?: CrmFilePatterns | undefined;
  /** Of metadata and CRM files that do not say what they are in; absent or null: UTF-8, or told as assumed. */
  readonly encoding?: string | null | undefined;
  /** Patterns of names that uploads have until they are whole; absent or null: the usual ones. */
  readonly temporaryNames?: readonly string[] | null | undefined;
  readonly feedExpectedEveryMinutes: number;
  readonly passwordLogin: boolean;
  readonly dataRetention: { readonly evaluatedDays: number | null; readonly notEvaluatedDays: number | null };
  readonly linkage: LinkageLimits;
  readonly alerts: AlertSettings;
  /** Bytes that a tenant may store; absent or null: as many as there is room for. */
  readonly storageQuotaBytes?: number | null | undefined;
  /** Ids of users whose calls should come, for the readiness report; empty: not known. */
  readonly expectedUsers: readonly string[];
}

/** Who receives alerts, and the shortest time between two digests. */
export interface AlertSettings {
  readonly emails: readonly string[];
  readonly webhookUrl: string | null;
  readonly digestEveryMinutes: number;
}

export const DEFAULT_SETTINGS: TenantSettings = {
  filenameTimestamp: 'start',
  filenamePattern: null,
  directions: {
    inbound: 'inbound',
    outbound: 'outbound',
    screenshare: 'screenshare',
    screen_share: 'screenshare',
    in: 'inbound',
    out: 'outbound',
    internal: 'internal',
  },
  sourcePrefixes: [],
  channelMap: { rep: 'left' },
  updateMode: 'replace',
  crmWaitSeconds: 600,
  feedExpectedEveryMinutes: 60,
  passwordLogin: false,
  dataRetention: { evaluatedDays: null, notEvaluatedDays: null },
  alerts: { emails: [], webhookUrl: null, digestEveryMinutes: 60 },
  expectedUsers: [],
  linkage: DEFAULT_LINKAGE,
};

/**
 * One immutable version of everything that decides how a tenant's facts are read. A fact that has ended is
 * read by the version it ended under, for ever; a fact still open is read by the newest.
 */
export interface Policy {
  readonly version: number;
  readonly timeZone: string | null;
  readonly settings: TenantSettings;
  readonly mappingVersion: number;
  readonly mapping: { readonly fields: readonly FieldMapping[]; readonly options: MappingOptions };
}

/** The encoding that is set for a tenant's metadata, by the field mapping or else by the settings; null for none. */
export const encodingOf = ({ mapping, settings }: Pick<Policy, 'mapping' | 'settings'>): string | null =>
  mapping.options.encoding ?? settings.encoding ?? null;
