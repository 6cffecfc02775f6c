import { randomBytes, randomInt, scrypt } from 'node:crypto';

/** Without characters that read alike. */
const ALPHABET = 'abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const LENGTH = 28;
const COST = { N: 2 ** 15, r: 8, p: 1, maxmem: 128 * 2 ** 20 };
const KEY_BYTES = 32;

/** A random password of 28 characters, over 160 bits. */
export const makePassword = (): string =>
  Array.from({ length: LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');

/** The salted hash that the SFTP server verifies: `scrypt$N$r$p$salt$hash`, the last two in base64. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const key = await new Promise<Buffer>((resolve, reject) => {
    scrypt(password.normalize('NFC'), salt, KEY_BYTES, COST, (error, derived) =>
      error === null ? resolve(derived) : reject(error),
    );
  });
  return ['scrypt', COST.N, COST.r, COST.p, salt.toString('base64'), key.toString('base64')].join('$');
}
