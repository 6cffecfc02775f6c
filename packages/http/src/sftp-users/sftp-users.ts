import { createHash, randomBytes, randomUUID } from 'node:crypto';
import {
  type NewSftpKey,
  type NewSftpUser,
  parseSshPublicKey,
  type SftpHostKey,
  type SftpUser,
  type SftpUserChange,
  toRange,
} from '@callbay/contracts';
import { CallbayError } from '@callbay/core';
import {
  type Actor,
  hashPassword,
  makePassword,
  type SftpKeyToAdd,
  type SftpUserRow,
  type SftpUserStore,
  type TenantStore,
} from '@callbay/ingestion';
import { found } from '../found.ts';

export interface SftpUserDeps {
  readonly sftpUsers: SftpUserStore;
  readonly tenants: Pick<TenantStore, 'findTenant'>;
  /** Where customers reach the SFTP server. */
  readonly sftp: { readonly host: string; readonly port: number };
}

/** Provisions an SFTP user. Answers the password, if one was made, this once. Source: C4, E4. */
export async function createSftpUser(
  deps: SftpUserDeps,
  tenantId: string,
  input: NewSftpUser,
  by: Actor,
): Promise<SftpUser> {
  const { label = null, publicKey, withPassword = false, canRead = 'all', allowedCidrs = [] } = input;
  const username = input.username ?? `${tenantId}-${randomBytes(4).toString('hex')}`;
  const secret = withPassword ? await newPassword(deps, tenantId) : null;
  const key = publicKey === undefined ? null : toKey({ publicKey });
  const ranges = allowedCidrs.map(toRange);
  const user = { username, label, canRead, allowedCidrs: ranges, passwordHash: secret?.hash ?? null, key };
  const row = await deps.sftpUsers.createUser(tenantId, user, by);
  return toSftpUser(deps, row, await hostKeys(deps), secret?.password);
}

/** Changes an SFTP user; `withPassword: true` makes a new password and answers it this once. */
export async function updateSftpUser(
  deps: SftpUserDeps,
  tenantId: string,
  username: string,
  { withPassword, allowedCidrs, ...change }: SftpUserChange,
  by: Actor,
): Promise<SftpUser> {
  const secret = withPassword === true ? await newPassword(deps, tenantId) : null;
  const passwordHash = withPassword === undefined ? undefined : (secret?.hash ?? null);
  const update = { ...change, allowedCidrs: allowedCidrs?.map(toRange), passwordHash };
  const row = found(await deps.sftpUsers.updateUser(tenantId, username, update, by));
  return toSftpUser(deps, row, await hostKeys(deps), secret?.password);
}

async function newPassword(
  deps: SftpUserDeps,
  tenantId: string,
): Promise<{ password: string; hash: string }> {
  const tenant = found(await deps.tenants.findTenant(tenantId));
  if (!tenant.settings.passwordLogin) {
    throw new CallbayError(
      'UNPROCESSABLE',
      'The tenant allows no passwords: set `settings.passwordLogin` first, or use a key.',
    );
  }
  const password = makePassword();
  return { password, hash: await hashPassword(password) };
}

/** A checked OpenSSH line as the row of a key. Its comment serves as the label where none is given. */
export function toKey({ publicKey, label, expiresAt = null }: NewSftpKey): SftpKeyToAdd {
  const parsed = parseSshPublicKey(publicKey);
  if (typeof parsed === 'string') throw new CallbayError('UNPROCESSABLE', parsed);
  return {
    id: randomUUID(),
    label: label ?? parsed.comment?.slice(0, 200) ?? null,
    type: parsed.type,
    publicKey: parsed.blob,
    fingerprint: fingerprintOf(parsed.blob),
    expiresAt: expiresAt === null ? null : new Date(expiresAt),
  };
}

/** As `ssh-keygen -l` prints it. */
function fingerprintOf(blob: string): string {
  const digest = createHash('sha256').update(Buffer.from(blob, 'base64')).digest('base64');
  return `SHA256:${digest.replace(/=+$/, '')}`;
}

/** What a client should find the server to be. */
export async function hostKeys({ sftpUsers }: Pick<SftpUserDeps, 'sftpUsers'>): Promise<SftpHostKey[]> {
  const keys = await sftpUsers.listHostKeys();
  return keys.map(({ type, publicKey }) => ({
    type,
    publicKey,
    fingerprint: fingerprintOf(publicKey.split(' ')[1] ?? publicKey),
  }));
}

export const toSftpUser = (
  { sftp }: Pick<SftpUserDeps, 'sftp'>,
  row: SftpUserRow,
  keys: SftpHostKey[],
  password?: string,
): SftpUser => ({
  ...row,
  allowedCidrs: [...row.allowedCidrs],
  keys: [...row.keys],
  ...sftp,
  hostKeys: keys,
  ...(password === undefined ? {} : { password }),
});
