import { randomBytes, randomInt, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';

const COST = { N: 2 ** 15, r: 8, p: 1 };
const KEY_BYTES = 32;
/** A stored hash that asks for more than this is not one of ours. */
const MAX_MEMORY_BYTES = 128 * 2 ** 20;
/** Of the four threads that also serve the disk. */
const MAX_CONCURRENT = 2;

let running = 0;
const queued: (() => void)[] = [];

async function derive(
  password: string,
  salt: Buffer,
  keyBytes: number,
  cost: ScryptOptions,
): Promise<Buffer> {
  if (running >= MAX_CONCURRENT) await new Promise<void>((resolve) => queued.push(resolve));
  running += 1;
  try {
    return await new Promise<Buffer>((resolve, reject) => {
      scrypt(
        password.normalize('NFC'),
        salt,
        keyBytes,
        { ...cost, maxmem: MAX_MEMORY_BYTES },
        (error, key) => (error === null ? resolve(key) : reject(error)),
      );
    });
  } finally {
    running -= 1;
    queued.shift()?.();
  }
}

/** Without characters that read alike. */
const ALPHABET = 'abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const LENGTH = 28;

/** A random password of 28 characters, over 160 bits. */
export const makePassword = (): string =>
  Array.from({ length: LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');

/** A salted hash to store: `scrypt$N$r$p$salt$hash`, the last two in base64. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const key = await derive(password, salt, KEY_BYTES, COST);
  return ['scrypt', COST.N, COST.r, COST.p, salt.toString('base64'), key.toString('base64')].join('$');
}

/** Stands in for the hash of a user who has none or does not exist, so that their refusal costs the same work. */
const NOBODY = `scrypt$${COST.N}$${COST.r}$${COST.p}$${'A'.repeat(22)}==$${'A'.repeat(43)}=`;

const FORMAT = /^scrypt\$(\d{1,7})\$(\d{1,2})\$(\d{1,2})\$([A-Za-z0-9+/=]{8,128})\$([A-Za-z0-9+/=]{16,128})$/;

/** Whether `password` is the one hashed. A null or malformed hash costs the same work and is never right. */
export async function verifyPassword(password: string, stored: string | null): Promise<boolean> {
  const parsed = stored === null ? null : FORMAT.exec(stored);
  const [, N, r, p, salt, hash] = parsed ?? FORMAT.exec(NOBODY) ?? [];
  if (N === undefined || salt === undefined || hash === undefined) return false;
  const expected = Buffer.from(hash, 'base64');
  const cost = { N: Number(N), r: Number(r), p: Number(p) };
  const actual = await derive(password, Buffer.from(salt, 'base64'), expected.length, cost);
  return timingSafeEqual(actual, expected) && parsed !== null;
}
