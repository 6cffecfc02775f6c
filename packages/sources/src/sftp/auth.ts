import { timingSafeEqual } from 'node:crypto';
import { type SftpAccount, type SftpAccountStore, verifyPassword } from '@callbay/ingestion';
import type { AuthContext, PublicKeyAuthContext } from 'ssh2';
import { isAddressIn } from './client-address.ts';
import { ssh2 } from './ssh2.ts';

/** How somebody came in: what must still hold for the session to go on. Source: case 98. */
export type LoginMethod =
  | { readonly kind: 'key'; readonly keyId: string }
  | { readonly kind: 'password'; readonly passwordHash: string };

export interface Login {
  readonly account: SftpAccount;
  readonly method: LoginMethod;
  /** When its key expires, on a clock that never jumps; null for never. */
  readonly endsAtMs: number | null;
}

/**
 * Keys expire by the database's clock, which said how long the key has left: a host whose own clock is wrong lets nobody
 * in for longer.
 */
const endOfKey = (expiresInMs: number | null, readAtMs: number): number | null =>
  expiresInMs === null ? null : readAtMs + expiresInMs;

export type RefusalReason =
  | 'unknown_user'
  | 'unknown_key'
  | 'bad_signature'
  | 'weak_key'
  | 'expired_key'
  | 'bad_password'
  | 'address';

export type AuthVerdict =
  | { readonly status: 'accepted'; readonly login: Login }
  /** The key would do: the client may sign with it. */
  | { readonly status: 'key_known' }
  | { readonly status: 'refused'; readonly tenantId: string | null; readonly reason: RefusalReason }
  /** The client only asked which methods there are. */
  | { readonly status: 'asked' };

/** A user may come from anywhere unless it has ranges. IPv4 inside IPv6 counts as IPv4. */
export function isAddressAllowed(account: SftpAccount, remoteAddress: string): boolean {
  return account.allowedCidrs.length === 0 || isAddressIn(account.allowedCidrs, remoteAddress);
}

function isSameKey(stored: string, offered: Buffer): boolean {
  const bytes = Buffer.from(stored, 'base64');
  return bytes.length === offered.length && timingSafeEqual(bytes, offered);
}

/** SHA-1 signatures and DSA keys are refused whatever the account holds. */
const isWeak = (context: PublicKeyAuthContext): boolean =>
  context.key.algo === 'ssh-dss' || (context.key.algo === 'ssh-rsa' && context.hashAlgo === undefined);

function isSigned(context: PublicKeyAuthContext): boolean {
  const { signature, blob } = context;
  if (signature === undefined || blob === undefined) return false;
  const key = ssh2.utils.parseKey(context.key.data);
  if (key instanceof Error) return false;
  return key.verify(blob, signature, context.hashAlgo) === true;
}

function judgeKey(account: SftpAccount | null, context: PublicKeyAuthContext, readAtMs: number): AuthVerdict {
  const tenantId = account?.tenantId ?? null;
  const refused = (reason: RefusalReason): AuthVerdict => ({ status: 'refused', tenantId, reason });
  // The signature is checked for unknown users and keys too: their refusal takes as long.
  const isVerified = context.signature === undefined || isSigned(context);
  const key = account?.keys.find((known) => isSameKey(known.publicKey, context.key.data));
  if (account === null) return refused('unknown_user');
  if (key === undefined) return refused('unknown_key');
  if (isWeak(context)) return refused('weak_key');
  if (key.expiresInMs !== null && key.expiresInMs <= 0) return refused('expired_key');
  if (!isVerified) return refused('bad_signature');
  if (context.signature === undefined) return { status: 'key_known' };
  const endsAtMs = endOfKey(key.expiresInMs, readAtMs);
  return { status: 'accepted', login: { account, method: { kind: 'key', keyId: key.id }, endsAtMs } };
}

/**
 * Whether these credentials let somebody in; `nowMs` is a clock that never jumps. Rejects only when the account store is
 * away. Source: E4.
 */
export async function judgeLogin(
  accounts: SftpAccountStore,
  context: AuthContext,
  remoteAddress: string,
  nowMs: number,
): Promise<AuthVerdict> {
  if (context.method !== 'publickey' && context.method !== 'password') return { status: 'asked' };
  const account = await accounts.findAccount(context.username);
  const verdict =
    context.method === 'publickey'
      ? judgeKey(account, context, nowMs)
      : await judgePassword(account, context.password);
  const isGood = verdict.status === 'accepted' || verdict.status === 'key_known';
  if (isGood && account !== null && !isAddressAllowed(account, remoteAddress)) {
    return { status: 'refused', tenantId: account.tenantId, reason: 'address' };
  }
  return verdict;
}

async function judgePassword(account: SftpAccount | null, password: unknown): Promise<AuthVerdict> {
  const passwordHash = account?.passwordHash ?? null;
  // A change of password arrives as an object: it is not offered, so it is never right.
  const isRight = await verifyPassword(typeof password === 'string' ? password : '', passwordHash);
  if (isRight && account !== null && passwordHash !== null && typeof password === 'string') {
    const method = { kind: 'password', passwordHash } as const;
    return { status: 'accepted', login: { account, method, endsAtMs: null } };
  }
  const reason = account === null ? 'unknown_user' : 'bad_password';
  return { status: 'refused', tenantId: account?.tenantId ?? null, reason };
}

/** The login as the account is now, or null where it would no longer be let in; `account` null: the user is gone. */
export function renewLogin(
  login: Login,
  account: SftpAccount | null,
  remoteAddress: string,
  nowMs: number,
): Login | null {
  if (account === null || account.tenantId !== login.account.tenantId) return null;
  if (!isAddressAllowed(account, remoteAddress)) return null;
  const { method } = login;
  if (method.kind === 'password') {
    return account.passwordHash === method.passwordHash ? { ...login, account } : null;
  }
  const key = account.keys.find(({ id }) => id === method.keyId);
  if (key === undefined || (key.expiresInMs !== null && key.expiresInMs <= 0)) return null;
  return { account, method, endsAtMs: endOfKey(key.expiresInMs, nowMs) };
}
