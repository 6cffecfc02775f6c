import { z } from 'zod';
import { Instant, InstantInput, TenantId, text, Uuid } from './common.ts';
import { cursorOf, Limit, listOf } from './lists.ts';

export const Role = z.enum(['operator', 'manager', 'tenant', 'engine', 'sender']).meta({
  description:
    'operator: everything; manager: all of the tenants it is bound to; tenant: reading them; engine: reading them, and storing analyses of their calls; sender: sending them files, and reading what became of a file whose id it knows.',
});
export type Role = z.infer<typeof Role>;

/** A credential as it may be shown: never the secret. */
export const ApiKey = z
  .object({
    id: Uuid,
    form: z.enum(['key', 'token']),
    role: Role,
    tenantIds: z.array(TenantId),
    label: z.string(),
    expiresAt: Instant.nullable(),
    lastUsedAt: Instant.nullable(),
    createdAt: Instant,
  })
  .meta({ id: 'ApiKey' });
export type ApiKey = z.infer<typeof ApiKey>;

export const NewApiKey = z
  .strictObject({
    role: Role,
    tenantIds: z.array(TenantId).max(1000).optional(),
    label: text(200),
    expiresAt: InstantInput.nullable().optional(),
  })
  .superRefine(({ role, tenantIds = [] }, context) => {
    if (role === 'operator' && tenantIds.length > 0) {
      context.addIssue({
        code: 'custom',
        path: ['tenantIds'],
        message: 'An operator is bound to no tenant.',
      });
    }
    if (role !== 'operator' && tenantIds.length === 0) {
      context.addIssue({
        code: 'custom',
        path: ['tenantIds'],
        message: `Name the tenants of a ${role} key.`,
      });
    }
  });
export type NewApiKey = z.infer<typeof NewApiKey>;

export const CreatedApiKey = ApiKey.extend({
  key: z.string().meta({ description: 'Shown this once.' }),
}).meta({
  id: 'CreatedApiKey',
});
export type CreatedApiKey = z.infer<typeof CreatedApiKey>;

export const NewToken = z.strictObject({ label: text(200).optional(), expiresAt: InstantInput.optional() });
export type NewToken = z.infer<typeof NewToken>;

export const CreatedToken = z
  .object({
    id: Uuid.meta({ description: 'Revokes it: `DELETE /v1/api-keys/{id}`.' }),
    jwt: z.string().meta({ description: 'Shown this once.' }),
    expiresAt: Instant,
  })
  .meta({ id: 'CreatedToken' });
export type CreatedToken = z.infer<typeof CreatedToken>;

export const ApiKeyParams = z.object({ id: Uuid });
export const ApiKeyList = listOf(ApiKey);
export const ApiKeyListQuery = z.strictObject({ limit: Limit, cursor: cursorOf(Uuid) });
