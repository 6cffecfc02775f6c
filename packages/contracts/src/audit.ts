import { z } from 'zod';
import { Instant, TenantId, text } from './common.ts';
import { cursorOf, Limit, listOf } from './lists.ts';

/** Who changed what, from where. */
export const AuditRow = z
  .object({
    id: z.int(),
    tenantId: TenantId.nullable(),
    at: Instant,
    actor: z.string(),
    action: z.string().meta({ example: 'tenant.create' }),
    target: z.string(),
    remoteAddress: z.string().nullable(),
    detail: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'AuditRow' });
export type AuditRow = z.infer<typeof AuditRow>;

export const AuditList = listOf(AuditRow);
export const AuditListQuery = z.strictObject({
  limit: Limit,
  cursor: cursorOf(z.int()),
  tenantId: TenantId.optional(),
  action: text(100).optional(),
});
export type AuditListQuery = z.infer<typeof AuditListQuery>;
