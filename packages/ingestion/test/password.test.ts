import { expect, test } from 'vitest';
import { hashPassword, makePassword, verifyPassword } from '../src/index.ts';

test('a password that was made is right against its own hash alone', async () => {
  const [mine, other] = [makePassword(), makePassword()];
  expect(mine).toMatch(/^[a-zA-Z2-9]{28}$/);
  const hash = await hashPassword(mine);
  expect(await verifyPassword(mine, hash)).toBe(true);
  expect(await verifyPassword(other, hash)).toBe(false);
  expect(hash).not.toBe(await hashPassword(mine));
});

test('a hash keeps its form and cost, which hashes that are stored already have', async () => {
  expect(await hashPassword('x')).toMatch(/^scrypt\$32768\$8\$1\$[A-Za-z0-9+/]{22}==\$[A-Za-z0-9+/]{43}=$/);
});

test('a password is the same in NFC and NFD', async () => {
  expect(await verifyPassword('Zoe\u0308', await hashPassword('Zo\u00eb'))).toBe(true);
});
