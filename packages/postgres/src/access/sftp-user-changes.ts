import type { Actor, SftpUserUpdate } from '@callbay/ingestion';
import type { Sql } from '../database/database.ts';
import { tellAccess } from '../tenants/policies.ts';
import { audit } from './audit.ts';

/** Changes what is given. False without such a user. */
export async function updateUser(
  tx: Sql,
  tenantId: string,
  username: string,
  update: SftpUserUpdate,
  by: Actor,
): Promise<boolean> {
  const { label, canRead, allowedCidrs, passwordHash } = update;
  const count = await tx.execute(
    `UPDATE sftp_users SET
            label = CASE WHEN $3 THEN $4 ELSE label END,
            can_read = coalesce($5, can_read),
            allowed_cidrs = coalesce($6, allowed_cidrs),
            password_hash = CASE WHEN $7 THEN $8 ELSE password_hash END
      WHERE tenant_id = $1 AND username = $2`,
    [
      tenantId,
      username,
      label !== undefined,
      label ?? null,
      canRead ?? null,
      allowedCidrs ?? null,
      passwordHash !== undefined,
      passwordHash ?? null,
    ],
  );
  if (count === 0) return false;
  await tellAccess(tx, [username]);
  const detail = {
    label,
    canRead,
    allowedCidrs,
    ...(passwordHash === undefined ? {} : { password: passwordHash === null ? 'removed' : 'replaced' }),
  };
  await audit(tx, by, { tenantId, action: 'sftpUser.update', target: username, detail });
  return true;
}

/** Removes a user with its keys. False without such a user. */
export async function deleteUser(tx: Sql, tenantId: string, username: string, by: Actor): Promise<boolean> {
  const count = await tx.execute('DELETE FROM sftp_users WHERE tenant_id = $1 AND username = $2', [
    tenantId,
    username,
  ]);
  if (count === 0) return false;
  await tellAccess(tx, [username]);
  await audit(tx, by, { tenantId, action: 'sftpUser.delete', target: username });
  return true;
}
