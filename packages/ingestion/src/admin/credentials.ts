import { createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';

/** SHA-256 in hex: all that is stored of a secret with 256 bits of its own, which needs no salt. */
export const digestOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');

/** Compares two digests in constant time. */
export function isSameDigest(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left, 'hex'), Buffer.from(right, 'hex')];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** A new API key: `cb_<id>_<secret>`, the id in hex, the secret 32 random bytes in base64url. Show `key` once. */
export function makeApiKey(): { id: string; key: string; digest: string } {
  const id = randomUUID();
  const key = `cb_${id.replaceAll('-', '')}_${randomBytes(32).toString('base64url')}`;
  return { id, key, digest: digestOf(key) };
}

const API_KEY = /^cb_([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})_[A-Za-z0-9_-]{43}$/;

/** The id inside an API key, or null for text that is none. Says nothing about whether it is valid. */
export function apiKeyId(key: string): string | null {
  const match = API_KEY.exec(key);
  return match === null ? null : match.slice(1).join('-');
}
