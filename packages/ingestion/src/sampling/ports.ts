import type { Policy } from '@callbay/core';

export interface PolicyReader {
  /** The tenant's newest policy; null without such a tenant. */
  findPolicy(tenantId: string): Promise<Policy | null>;
}
