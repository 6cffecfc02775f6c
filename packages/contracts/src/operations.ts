import { z } from 'zod';
import { TenantId } from './common.ts';
import { cursorOf, Limit, listOf } from './lists.ts';

/** What one tenant takes of the disk. */
export const TenantStorage = z
  .object({
    tenantId: TenantId,
    name: z.string(),
    storedBytes: z.int().meta({
      description:
        'Of files and of recordings of calls. What was purged within the last hour may still count.',
    }),
    quotaBytes: z.int().nullable(),
  })
  .meta({ id: 'TenantStorage' });
export type TenantStorage = z.infer<typeof TenantStorage>;

export const TenantStorageList = listOf(TenantStorage);
export const TenantStorageQuery = z.strictObject({ limit: Limit, cursor: cursorOf(TenantId) });
export type TenantStorageQuery = z.infer<typeof TenantStorageQuery>;
