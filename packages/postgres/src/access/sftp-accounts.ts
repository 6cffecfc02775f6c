import type { AuditEntry, SftpAccount, SftpAccountStore } from '@callbay/ingestion';
import type { Database } from '../database/database.ts';
import { AccessListener } from './access-listener.ts';
import { loadHostKeys, type SecretSealer } from './host-keys.ts';

interface AccountRow {
  readonly tenantId: string;
  readonly canRead: SftpAccount['canRead'];
  readonly allowedCidrs: string[];
  readonly temporaryNames: string[] | null;
  readonly passwordHash: string | null;
  readonly keyId: string | null;
  readonly publicKey: string;
  readonly expiresInMs: number | null;
}

const FIND_ACCOUNT = `
SELECT u.tenant_id AS "tenantId", u.can_read AS "canRead", u.allowed_cidrs AS "allowedCidrs",
       nullif(t.settings -> 'temporaryNames', 'null') AS "temporaryNames",
       CASE WHEN (t.settings ->> 'passwordLogin')::boolean THEN u.password_hash END AS "passwordHash",
       k.id AS "keyId", k.public_key AS "publicKey",
       (extract(epoch FROM k.expires_at - callbay_now()) * 1000)::float8 AS "expiresInMs"
FROM sftp_users u
JOIN tenants t ON t.id = u.tenant_id AND t.stage <> 'suspended'
LEFT JOIN sftp_keys k ON k.tenant_id = u.tenant_id AND k.username = u.username
WHERE u.username = $1
ORDER BY k.created_at, k.id`;

async function findAccount(db: Database, username: string): Promise<SftpAccount | null> {
  const rows = await db.query<AccountRow>(FIND_ACCOUNT, [username], 'find_account');
  const [first] = rows;
  if (first === undefined) return null;
  const { tenantId, canRead, allowedCidrs, temporaryNames, passwordHash } = first;
  const keys = rows.flatMap(({ keyId, publicKey, expiresInMs }) =>
    keyId === null ? [] : [{ id: keyId, publicKey, expiresInMs }],
  );
  return { tenantId, username, canRead, allowedCidrs, temporaryNames, passwordHash, keys };
}

async function appendAudit(db: Database, tenantId: string | null, entry: AuditEntry): Promise<void> {
  const { actor, action, target, remoteAddress, detail } = entry;
  await db.execute(
    `INSERT INTO audit_log (tenant_id, at, actor, action, target, remote_address, detail)
     VALUES ($1, callbay_now(), $2, $3, $4, $5, $6)`,
    [tenantId, actor, action, target, remoteAddress, JSON.stringify(detail)],
    'append_sftp_audit',
  );
}

/**
 * Who may log in over SFTP. A watch of access listens on a connection of its own (one more than the pool's `max`); when
 * that was lost, it calls back for every user this store has answered for, since any of their changes may be missed.
 */
export function createSftpAccountStore(db: Database, sealer: SecretSealer): SftpAccountStore {
  const answeredFor = new Set<string>();
  return {
    findAccount: async (username) => {
      const account = await findAccount(db, username);
      if (account !== null) answeredFor.add(username);
      return account;
    },
    touchKey: async (tenantId, keyId) => {
      await db.execute(
        `UPDATE sftp_keys SET last_used_at = callbay_now() WHERE tenant_id = $1 AND id = $2
           AND (last_used_at IS NULL OR last_used_at <= callbay_now() - interval '1 minute')`,
        [tenantId, keyId],
        'touch_key',
      );
    },
    appendAudit: (tenantId, entry) => appendAudit(db, tenantId, entry),
    loadHostKeys: (make) => loadHostKeys(db, sealer, make),
    watchAccess: (onChange) =>
      AccessListener.start({
        connectionString: db.connectionString,
        onChange,
        onGap: () => {
          for (const username of answeredFor) onChange(username);
        },
      }),
  };
}
