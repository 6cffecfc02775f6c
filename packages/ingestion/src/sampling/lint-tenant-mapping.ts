import type { MappingLint } from '@callbay/contracts';
import { startLint } from '@callbay/core';
import type { KeptRecordReader, PolicyReader } from './ports.ts';

const MAX_RECORDS = 1_000;

/** How a tenant's mapping in force fits its last thousand records. Null without such a tenant. Source: C13, C17. */
export async function lintTenantMapping(
  { policies, records }: { policies: PolicyReader; records: KeptRecordReader },
  tenantId: string,
): Promise<MappingLint | null> {
  const policy = await policies.findPolicy(tenantId);
  if (policy === null) return null;
  const run = startLint(policy);
  let skipped = 0;
  for await (const page of records.readLast(tenantId, { files: MAX_RECORDS, records: MAX_RECORDS })) {
    for (const record of page) {
      if (record === null) skipped += 1;
      else run.add(record);
    }
  }
  const { unmapped, neverSeen, requiredNeverGiven, nested, ...rest } = run.finish();
  return {
    version: policy.mappingVersion,
    skipped,
    ...rest,
    unmapped: [...unmapped],
    neverSeen: [...neverSeen],
    requiredNeverGiven: [...requiredNeverGiven],
    nested: [...nested],
  };
}
