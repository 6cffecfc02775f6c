import { expect, test } from 'vitest';
import { makeKeyPair } from '../src/index.ts';
import { ssh2 } from '../src/sftp/ssh2.ts';

test('every key pair can be read back, though one in 256 that ssh2 makes cannot', () => {
  const pairs = Array.from({ length: 2_000 }, () => makeKeyPair('ed25519'));
  const unreadable = pairs.filter((pair) => ssh2.utils.parseKey(pair.private) instanceof Error);
  expect(unreadable).toEqual([]);
});
