import { z } from 'zod';
import { Instant, InstantInput, TenantParams, text, Uuid } from './common.ts';
import { cursorOf, Limit, listOf } from './lists.ts';
import { Cidr, SshPublicKey } from './rules.ts';

export const Username = z
  .string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9._@-]{0,63}$/)
  .meta({ description: 'Unique over all tenants; `<tenantId>-<suffix>` unless given.' });

export const CanRead = z.enum(['all', 'receipts', 'none']).meta({
  description: 'What this user may read back: what a leaked push key could read.',
});

export const SftpKey = z
  .object({
    id: Uuid,
    label: z.string().nullable(),
    type: z.string(),
    fingerprint: z.string().meta({ example: 'SHA256:uNiVztksCsDhcc0u9e8BrqADcs5kwsjvMc8pJ8Bm8yk' }),
    expiresAt: Instant.nullable(),
    lastUsedAt: Instant.nullable(),
    createdAt: Instant,
  })
  .meta({ id: 'SftpKey' });
export type SftpKey = z.infer<typeof SftpKey>;

export const SftpHostKey = z
  .object({ type: z.string(), publicKey: z.string(), fingerprint: z.string() })
  .meta({ id: 'SftpHostKey' });
export type SftpHostKey = z.infer<typeof SftpHostKey>;

export const SftpUser = z
  .object({
    username: z.string(),
    label: z.string().nullable(),
    host: z.string(),
    port: z.int(),
    hostKeys: z.array(SftpHostKey),
    canRead: CanRead,
    allowedCidrs: z.array(z.string()),
    hasPassword: z.boolean(),
    keys: z.array(SftpKey),
    createdAt: Instant,
    password: z.string().optional().meta({ description: 'Shown this once, when one was made.' }),
  })
  .meta({ id: 'SftpUser' });
export type SftpUser = z.infer<typeof SftpUser>;

export const NewSftpUser = z.strictObject({
  username: Username.optional(),
  label: text(200).optional(),
  publicKey: SshPublicKey.optional(),
  withPassword: z.boolean().optional(),
  canRead: CanRead.optional(),
  allowedCidrs: z.array(Cidr).max(100).optional(),
});
export type NewSftpUser = z.infer<typeof NewSftpUser>;

export const SftpUserChange = z.strictObject({
  label: text(200).nullable().optional(),
  canRead: CanRead.optional(),
  allowedCidrs: z.array(Cidr).max(100).optional(),
  withPassword: z
    .boolean()
    .optional()
    .meta({ description: 'true: makes a new password and shows it once; false: removes it.' }),
});
export type SftpUserChange = z.infer<typeof SftpUserChange>;

export const NewSftpKey = z.strictObject({
  publicKey: SshPublicKey,
  label: text(200).optional(),
  expiresAt: InstantInput.nullable().optional(),
});
export type NewSftpKey = z.infer<typeof NewSftpKey>;

export const SftpUserParams = TenantParams.extend({ username: Username });
export const SftpKeyParams = SftpUserParams.extend({ keyId: Uuid });
export const SftpUserList = listOf(SftpUser);
export const SftpUserListQuery = z.strictObject({ limit: Limit, cursor: cursorOf(Username) });
export const SftpKeyList = listOf(SftpKey);
export const SftpKeyListQuery = z.strictObject({ limit: Limit, cursor: cursorOf(Uuid) });
