import type { ConfigResult, TenantConfig } from '@callbay/contracts';
import type { CrmHeader, CrmMapping, CrmType, Policy, RecordToRead } from '@callbay/core';
import type { Actor } from '../ports.ts';

export interface PolicyReader {
  /** The tenant's newest policy; null without such a tenant. */
  findPolicy(tenantId: string): Promise<Policy | null>;
}

/** A record that really came, as it was kept. */
export interface KeptRecord extends RecordToRead {
  readonly fileId: string;
  readonly name: string;
  /** Of the surfaced call that this record is in force for. */
  readonly callId: number | null;
}

export interface KeptRecordReader {
  /**
   * Records of the last metadata files, newest first, in pages of few: at most `files` files and `records` records.
   * One too large to be tried along comes as null.
   */
  readLast(
    tenantId: string,
    limits: { readonly files: number; readonly records: number },
  ): AsyncIterable<readonly (KeptRecord | null)[]>;
}

export interface CrmMappingReader {
  /** The published mappings by type. */
  findMappings(tenantId: string): Promise<Map<CrmType, CrmMapping>>;
  /** The headers of the last files of a type whose import has ended, newest first; none of a file without a header. */
  findHeaders(tenantId: string, type: CrmType, limit: number): Promise<CrmHeader[]>;
}

/** A tenant's whole set-up as one value. */
export interface ConfigStore {
  readConfig(tenantId: string): Promise<TenantConfig | null>;
  /**
   * Makes the tenant what the set-up says, all of it or nothing, and answers what that changed; what is so already is
   * left alone, versions included. `makesTenant` makes a tenant that does not exist. `dryRun` only answers. Throws TIME_ZONE_REQUIRED, and CONFLICT for a purge to
   * confirm.
   */
  applyConfig(
    tenantId: string,
    config: TenantConfig,
    by: Actor,
    options: { dryRun: boolean; isConfirmed: boolean; makesTenant: boolean },
  ): Promise<ConfigResult | null>;
}
