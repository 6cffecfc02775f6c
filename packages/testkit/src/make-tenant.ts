import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { SftpAccount } from '@callbay/ingestion';
import { type Database, insertTenant, type TenantToInsert } from '@callbay/postgres';
import { makeKeyPair } from '@callbay/sources';

/** Inserts a tenant with a random id, live in New York unless said otherwise, and answers its id. */
export async function makeTenant(
  db: Database,
  tenant: Partial<Omit<TenantToInsert, 'insertedBy'>> = {},
): Promise<string> {
  const id = tenant.id ?? `t${randomBytes(6).toString('hex')}`;
  await insertTenant(db, {
    name: `Tenant ${id}`,
    timeZone: 'America/New_York',
    stage: 'live',
    ...tenant,
    id,
    insertedBy: 'testkit',
  });
  return id;
}

export interface TestSftpUser {
  readonly tenantId: string;
  readonly username: string;
  readonly keyId: string;
  /** OpenSSH private key, for a client. */
  readonly privateKey: string;
  /** The public half in SSH wire format, base64. */
  readonly publicKey: string;
}

export interface SftpUserToMake {
  readonly username?: string;
  readonly canRead?: SftpAccount['canRead'];
  readonly allowedCidrs?: readonly string[];
  readonly passwordHash?: string;
  readonly expiresAt?: Date;
}

/** Inserts an SFTP user of the tenant with a new ed25519 key. */
export async function makeSftpUser(
  db: Database,
  tenantId: string,
  user: SftpUserToMake = {},
): Promise<TestSftpUser> {
  const username = user.username ?? `${tenantId}-${randomBytes(3).toString('hex')}`;
  const pair = makeKeyPair('ed25519');
  const publicKey = pair.public.split(' ')[1] ?? '';
  const digest = createHash('sha256').update(Buffer.from(publicKey, 'base64')).digest('base64');
  const keyId = randomUUID();
  await db.execute(
    `INSERT INTO sftp_users (tenant_id, username, can_read, allowed_cidrs, password_hash) VALUES ($1, $2, $3, $4, $5)`,
    [tenantId, username, user.canRead ?? 'all', user.allowedCidrs ?? [], user.passwordHash ?? null],
  );
  await db.execute(
    `INSERT INTO sftp_keys (tenant_id, id, username, type, public_key, fingerprint, expires_at)
     VALUES ($1, $2, $3, 'ssh-ed25519', $4, $5, $6)`,
    [tenantId, keyId, username, publicKey, `SHA256:${digest.replace(/=+$/, '')}`, user.expiresAt ?? null],
  );
  return { tenantId, username, keyId, privateKey: pair.private, publicKey };
}
