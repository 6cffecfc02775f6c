import { randomUUID } from 'node:crypto';
import type { CreatedApiKey, CreatedToken, NewApiKey, NewToken } from '@callbay/contracts';
import { CallbayError } from '@callbay/core';
import { type Actor, digestOf, type KeyStore, makeApiKey } from '@callbay/ingestion';
import { isBoundTo, type Principal } from '../auth/principal.ts';
import { signTenantToken } from '../auth/tenant-token.ts';

const TOKEN_SECONDS = 90 * 86_400;

/**
 * Makes an API key. A manager makes keys for its own tenants only, and never an operator's; a tenant it is not bound to
 * and one that does not exist are refused alike, FORBIDDEN.
 */
export async function createApiKey(
  { keys }: { keys: Pick<KeyStore, 'createCredential'> },
  principal: Principal,
  { role, tenantIds = [], label, expiresAt = null }: NewApiKey,
  by: Actor,
): Promise<CreatedApiKey> {
  const isWithin = tenantIds.every((tenantId) => isBoundTo(principal, tenantId));
  if (principal.role !== 'operator' && (role === 'operator' || !isWithin)) {
    throw new CallbayError('FORBIDDEN', 'A manager makes keys for its own tenants only.');
  }
  const { id, key, digest } = makeApiKey();
  const expires = { at: expiresAt === null ? null : new Date(expiresAt) };
  const created = await keys.createCredential(
    { id, form: 'key', role, tenantIds, label, digest, expires },
    by,
  );
  return { ...created, key };
}

/** Makes a tenant's JWT, good for 90 days unless said otherwise, with a row that can be revoked. Source: V1. */
export async function createToken(
  { keys, tokenKey }: { keys: Pick<KeyStore, 'createCredential'>; tokenKey: Uint8Array },
  tenantId: string,
  { label = 'token', expiresAt }: NewToken,
  by: Actor,
): Promise<CreatedToken> {
  const id = randomUUID();
  const expires = expiresAt === undefined ? { inSeconds: TOKEN_SECONDS } : { at: new Date(expiresAt) };
  const credential = {
    id,
    form: 'token',
    role: 'tenant',
    tenantIds: [tenantId],
    label,
    digest: digestOf(id),
    expires,
  } as const;
  const created = await keys.createCredential(credential, by);
  if (created.expiresAt === null) throw new Error('a token was made without an expiry');
  const jwt = await signTenantToken(tokenKey, { id, tenantId }, new Date(created.expiresAt));
  return { id, jwt, expiresAt: created.expiresAt };
}
