import type { ConfigResult, TenantConfig } from '@callbay/contracts';
import type { Actor } from '../admin-ports.ts';

/** A tenant's whole set-up as one value. */
export interface ConfigStore {
  readConfig(tenantId: string): Promise<TenantConfig | null>;
  /**
   * Makes the tenant what the set-up says, all of it or nothing, and answers what that changed; what is so already is
   * left alone, versions included. `dryRun` only answers. Throws TIME_ZONE_REQUIRED, and CONFLICT for a purge to
   * confirm.
   */
  applyConfig(
    tenantId: string,
    config: TenantConfig,
    by: Actor,
    options: { dryRun: boolean; isConfirmed: boolean },
  ): Promise<ConfigResult | null>;
}
