import { errors, jwtVerify, SignJWT } from 'jose';

const ISSUER = 'callbay';

/** What a tenant's token says. Whether it is still good is the database's to say, by its id. */
export interface TokenClaims {
  readonly id: string;
  readonly tenantId: string;
}

/** A JWT that lets its bearer read one tenant. Source: V1. */
export function signTenantToken(
  key: Uint8Array,
  { id, tenantId }: TokenClaims,
  expiresAt: Date,
): Promise<string> {
  return new SignJWT({})
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuer(ISSUER)
    .setSubject(tenantId)
    .setJti(id)
    .setExpirationTime(expiresAt)
    .sign(key);
}

/** The claims of a token that we signed, or null. Its expiry is judged with its row, by the one clock there is. */
export async function readTenantToken(key: Uint8Array, token: string): Promise<TokenClaims | null> {
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: ['HS256'],
      issuer: ISSUER,
      requiredClaims: ['sub', 'jti', 'exp'],
      currentDate: new Date(0),
    });
    const { jti, sub } = payload;
    return jti === undefined || sub === undefined ? null : { id: jti, tenantId: sub };
  } catch (error) {
    if (error instanceof errors.JOSEError) return null;
    throw error;
  }
}
