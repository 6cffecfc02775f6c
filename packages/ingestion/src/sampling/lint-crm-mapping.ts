import type { MappingLint } from '@callbay/contracts';
import { type CrmType, lintCrmMapping } from '@callbay/core';
import type { CrmMappingReader, PolicyReader } from './ports.ts';

const MAX_FILES = 50;

/** How the mapping of a type of CRM file fits the headers of the last ones. Null without such a tenant. Source: C13, C25. */
export async function lintTenantCrmMapping(
  { policies, crmMappings }: { policies: PolicyReader; crmMappings: CrmMappingReader },
  tenantId: string,
  type: CrmType,
): Promise<MappingLint | null> {
  if ((await policies.findPolicy(tenantId)) === null) return null;
  const published = (await crmMappings.findMappings(tenantId)).get(type) ?? null;
  const headers = await crmMappings.findHeaders(tenantId, type, MAX_FILES);
  const { unmapped, neverSeen, requiredNeverGiven, ...lint } = lintCrmMapping(type, published, headers);
  return {
    version: published?.version ?? null,
    skipped: 0,
    ...lint,
    nested: [],
    unmapped: [...unmapped],
    neverSeen: [...neverSeen],
    requiredNeverGiven: [...requiredNeverGiven],
  };
}
