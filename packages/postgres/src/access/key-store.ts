import { type ApiKey, pageOf, type Role } from '@callbay/contracts';
import { CallbayError } from '@callbay/core';
import type { Actor, Credential, CredentialToCreate, KeyStore, Scope } from '@callbay/ingestion';
import { type Database, type Sql, transact } from '../database/database.ts';
import { queryPage, selectOf } from '../database/page.ts';
import { audit } from './audit.ts';
import { IS_OPERATOR_IN_FORCE, lockOperatorKeys } from './operator-key.ts';

interface KeyRow {
  readonly id: string;
  readonly form: string;
  readonly role: string;
  readonly tenantIds: readonly string[];
  readonly label: string;
  readonly expiresAt: Date | null;
  readonly lastUsedAt: Date | null;
  readonly createdAt: Date;
}

const LIGHT_COLUMNS = {
  id: 'id',
  form: 'form',
  role: 'role',
  label: 'label',
  expiresAt: 'expires_at',
  lastUsedAt: 'last_used_at',
  createdAt: 'created_at',
} as const;

const KEY_COLUMNS = selectOf({ ...LIGHT_COLUMNS, tenantIds: 'tenant_ids' });

/** Bound to nothing outside the scope `$2`, so that whoever has the scope may see and revoke it. */
const WITHIN_SCOPE = `($2::text[] IS NULL OR (role <> 'operator' AND tenant_ids <@ $2))`;

const FIND_USABLE = `
  SELECT id, form, role, tenant_ids AS "tenantIds", label, digest, expires_at AS "expiresAt",
         last_used_at IS NULL OR last_used_at < callbay_now() - interval '1 minute' AS "isUseStale"
    FROM api_keys
   WHERE id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > callbay_now())`;

export function createKeyStore(db: Database): KeyStore {
  return {
    async findUsable(id) {
      const [row] = await db.query<Credential>(FIND_USABLE, [id], 'find_usable_key');
      return row ?? null;
    },

    async touch(id) {
      await db.execute('UPDATE api_keys SET last_used_at = callbay_now() WHERE id = $1', [id]);
    },

    createCredential: (credential, by) => transact(db, (tx) => createCredential(tx, credential, by)),

    async listCredentials(scope, { limit, cursor }) {
      const page = await queryPage<Omit<KeyRow, 'tenantIds'> & { readonly tenantIds: string }>(db, {
        light: LIGHT_COLUMNS,
        heavy: { tenantIds: 'to_jsonb(tenant_ids)' },
        limit,
        omitsLarge: false,
        statement: (select, rows) => ({
          text: `SELECT ${select} FROM api_keys
            WHERE revoked_at IS NULL AND ($1::uuid IS NULL OR id > $1) AND ${WITHIN_SCOPE}
            ORDER BY id LIMIT $3`,
          values: [cursor ?? null, scope, rows],
        }),
      });
      return pageOf(
        page,
        (row) => toApiKey({ ...row, tenantIds: JSON.parse(row.tenantIds) }),
        (row) => row.id,
      );
    },

    revokeCredential: (id, scope, by) => transact(db, (tx) => revokeCredential(tx, id, scope, by)),
  };
}

async function createCredential(tx: Sql, credential: CredentialToCreate, by: Actor): Promise<ApiKey> {
  const { id, form, role, label, digest, expires } = credential;
  const tenantIds = [...new Set(credential.tenantIds)];
  await assertTenantsExist(tx, tenantIds);
  const [row] = await tx.query<KeyRow & { isExpired: boolean }>(
    `INSERT INTO api_keys (id, form, role, tenant_ids, label, digest, expires_at, created_at)
     VALUES ($1, $2, $3, $4, $5, $6, coalesce($7, callbay_now() + make_interval(secs => $8)), callbay_now())
     RETURNING ${KEY_COLUMNS}, coalesce(expires_at <= callbay_now(), FALSE) AS "isExpired"`,
    [
      id,
      form,
      role,
      tenantIds,
      label,
      digest,
      'at' in expires ? expires.at : null,
      'inSeconds' in expires ? expires.inSeconds : null,
    ],
  );
  if (row === undefined) throw new Error('an insert returned no row');
  if (row.isExpired) throw new CallbayError('UNPROCESSABLE', 'The expiry is in the past.');
  const action = form === 'key' ? 'apiKey.create' : 'token.create';
  await auditForTenants(tx, by, action, id, tenantIds, { role, label, expiresAt: row.expiresAt });
  return toApiKey(row);
}

async function assertTenantsExist(tx: Sql, tenantIds: readonly string[]): Promise<void> {
  const found = await tx.query('SELECT FROM tenants WHERE id = ANY($1) FOR KEY SHARE', [tenantIds]);
  if (found.length !== tenantIds.length) {
    throw new CallbayError('UNPROCESSABLE', 'A tenant named in `tenantIds` does not exist.');
  }
}

/** Without an operator's key nobody could make one over HTTP any more. */
async function assertAnotherOperator(tx: Sql, id: string): Promise<void> {
  const others = await tx.query(
    `SELECT FROM api_keys k WHERE k.id <> $1 AND ${IS_OPERATOR_IN_FORCE} LIMIT 1`,
    [id],
  );
  if (others.length > 0) return;
  const detail =
    'This is the last operator key in force. Make another one first; `callbay operator-key` makes one on the host.';
  throw new CallbayError('CONFLICT', detail);
}

async function revokeCredential(tx: Sql, id: string, scope: Scope, by: Actor): Promise<boolean> {
  await lockOperatorKeys(tx);
  const [row] = await tx.query<KeyRow>(
    `SELECT ${KEY_COLUMNS} FROM api_keys WHERE id = $1 AND revoked_at IS NULL AND ${WITHIN_SCOPE} FOR UPDATE`,
    [id, scope],
  );
  if (row === undefined) return false;
  if (row.role === 'operator') await assertAnotherOperator(tx, id);
  await tx.execute('UPDATE api_keys SET revoked_at = callbay_now() WHERE id = $1', [id]);
  const action = row.form === 'key' ? 'apiKey.revoke' : 'token.revoke';
  await auditForTenants(tx, by, action, id, row.tenantIds, { role: row.role, label: row.label });
  return true;
}

/** One audit row for each tenant that a credential is bound to, since each may ask who could read it. */
async function auditForTenants(
  tx: Sql,
  by: Actor,
  action: string,
  target: string,
  tenantIds: readonly string[],
  detail: Record<string, unknown>,
): Promise<void> {
  const tenants = tenantIds.length > 0 ? tenantIds : [null];
  for (const tenantId of tenants) await audit(tx, by, { tenantId, action, target, detail });
}

const toApiKey = (row: KeyRow): ApiKey => ({
  id: row.id,
  form: row.form as ApiKey['form'],
  role: row.role as Role,
  tenantIds: [...row.tenantIds],
  label: row.label,
  expiresAt: row.expiresAt?.toISOString() ?? null,
  lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
  createdAt: row.createdAt.toISOString(),
});
