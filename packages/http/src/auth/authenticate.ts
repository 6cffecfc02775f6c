import { CallbayError } from '@callbay/core';
import {
  apiKeyId,
  type Credential,
  digestOf,
  isSameDigest,
  type KeyStore,
  type TenantStore,
  Turns,
} from '@callbay/ingestion';
import type { FastifyRequest } from 'fastify';
import { mayAccess } from './access.ts';
import { FailedLogins } from './failed-logins.ts';
import { isBoundTo, type Principal } from './principal.ts';
import { readTenantToken } from './tenant-token.ts';

export interface AuthDeps {
  readonly keys: Pick<KeyStore, 'findUsable' | 'touch'>;
  readonly tenants: Pick<TenantStore, 'tenantExists'>;
  /** 32 bytes that tenants' tokens are signed with. */
  readonly tokenKey: Uint8Array;
}

/** Guessers take few of the database's connections, and a good credential among theirs waits for milliseconds. */
const SUSPECT_LOOKUPS = { total: 2, perKey: 1, waitingPerKey: 10_000 };

/**
 * The hook before every route below `/v1`: who asks, whether the tenant of the path is theirs, whether their role may
 * do this; in that order, so that a tenant that is not theirs answers as one that does not exist, whatever is asked of
 * it.
 */
export function createAuthenticate({
  tenants,
  identify,
}: Pick<AuthDeps, 'tenants'> & { identify: Identify }) {
  return async (request: FastifyRequest): Promise<void> => {
    const { access, makesTenant = false } = request.routeOptions.config;
    if (access === undefined || access === 'public')
      throw new Error('a route below /v1 does not say who may call it');
    const principal = await identify(request);
    request.principal = principal;
    const { tenantId } = request.params as { tenantId?: string };
    const mayBeAbsent = makesTenant && principal.role === 'operator';
    if (tenantId !== undefined && !mayBeAbsent && !(await isTheirs(principal, tenantId)))
      throw new CallbayError('NOT_FOUND');
    if (!mayAccess(principal.role, access)) throw new CallbayError('FORBIDDEN');
  };

  async function isTheirs(principal: Principal, tenantId: string): Promise<boolean> {
    return (
      !tenantId.includes('\0') && isBoundTo(principal, tenantId) && (await tenants.tenantExists(tenantId))
    );
  }
}

/** The secret of a request's Authorization header; undefined where it has none that could be ours. */
export const bearerOf = (request: FastifyRequest): string | undefined =>
  /^Bearer +([\x21-\x7e]{1,4096}) *$/i.exec(request.headers.authorization ?? '')?.[1];

/** Who sent a request. Throws UNAUTHENTICATED, or RATE_LIMITED for another bad credential of a suspect address. */
export type Identify = (request: FastifyRequest) => Promise<Principal>;

/** All routes share one, so that failures count together. */
export function createIdentify({ keys, tokenKey }: Omit<AuthDeps, 'tenants'>): Identify {
  const failedLogins = new FailedLogins();
  const suspects = new Turns(SUSPECT_LOOKUPS);
  return identify;

  async function identify(request: FastifyRequest): Promise<Principal> {
    const secret = bearerOf(request);
    if (secret === undefined) throw new CallbayError('UNAUTHENTICATED');
    const digest = digestOf(secret);
    const isSuspect = failedLogins.isSuspect(request.ip, digest, performance.now());
    const find = () => (secret.startsWith('cb_') ? findKey(secret, digest) : findToken(secret));
    const credential = await (isSuspect ? suspects.run(request.ip, find) : find());
    if (credential === null) {
      failedLogins.noteFailure(request.ip, performance.now());
      throw new CallbayError(isSuspect ? 'RATE_LIMITED' : 'UNAUTHENTICATED');
    }
    failedLogins.noteSuccess(digest, performance.now());
    if (credential.isUseStale) await keys.touch(credential.id);
    const { id, label, role, tenantIds } = credential;
    return { credentialId: id, label, role, tenantIds };
  }

  async function findKey(secret: string, digest: string): Promise<Credential | null> {
    const id = apiKeyId(secret);
    const credential = id === null ? null : await keys.findUsable(id);
    return credential?.form === 'key' && isSameDigest(credential.digest, digest) ? credential : null;
  }

  async function findToken(secret: string): Promise<Credential | null> {
    const claims = await readTenantToken(tokenKey, secret);
    const credential = claims === null ? null : await keys.findUsable(claims.id);
    if (claims === null || credential?.form !== 'token') return null;
    const isOurs =
      isSameDigest(credential.digest, digestOf(claims.id)) && credential.tenantIds[0] === claims.tenantId;
    return isOurs ? credential : null;
  }
}
