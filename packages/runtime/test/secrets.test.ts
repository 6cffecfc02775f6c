import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import {
  ConfigError,
  decryptSecret,
  deriveKey,
  encryptSecret,
  loadSecretKey,
  SecretError,
} from '../src/index.ts';

const key = randomBytes(32);

async function makeKeyPath(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'callbay-key-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return join(folder, 'home', 'secret.key');
}

test('what is sealed opens again, and never seals the same twice', () => {
  const sealed = encryptSecret(key, 'pä$$', 'a');
  expect(decryptSecret(key, sealed, 'a')).toBe('pä$$');
  expect(encryptSecret(key, 'pä$$', 'a')).not.toBe(sealed);
});

test('a sealed secret opens with neither another key, nor another context, nor a changed byte', () => {
  const sealed = encryptSecret(key, 'secret', 'host-key:rsa');
  const parts = sealed.split('.');
  const changed = [
    ...parts.slice(0, 3),
    `${parts[3]?.startsWith('A') ? 'B' : 'A'}${parts[3]?.slice(1)}`,
  ].join('.');
  // A tag cut short would be easier to guess.
  const shortTag = [
    parts[0],
    parts[1],
    Buffer.from(parts[2] ?? '', 'base64url')
      .subarray(0, 4)
      .toString('base64url'),
    parts[3],
  ].join('.');
  for (const open of [
    () => decryptSecret(randomBytes(32), sealed, 'host-key:rsa'),
    () => decryptSecret(key, sealed, 'host-key:ecdsa'),
    () => decryptSecret(key, changed, 'host-key:rsa'),
    () => decryptSecret(key, shortTag, 'host-key:rsa'),
    () => decryptSecret(key, 'plain', 'host-key:rsa'),
  ]) {
    expect(open).toThrow(SecretError);
  }
});

test('each purpose has a key of its own', () => {
  expect(deriveKey(key, 'jwt')).toHaveLength(32);
  expect(deriveKey(key, 'jwt').equals(deriveKey(key, 'secrets'))).toBe(false);
});

test('the first start makes a key only its owner reads, and all starts agree on it', async () => {
  const secretKeyFile = await makeKeyPath();
  const keys = await Promise.all(
    Array.from({ length: 8 }, () => loadSecretKey({ secretKey: null, secretKeyFile })),
  );
  expect(new Set(keys.map((made) => made.toString('hex'))).size).toBe(1);
  expect((await stat(secretKeyFile)).mode & 0o777).toBe(0o600);
  expect(Buffer.from(await readFile(secretKeyFile, 'utf8'), 'base64').equals(keys[0] as Buffer)).toBe(true);
});

test('a damaged key file is refused, never replaced', async () => {
  const secretKeyFile = await makeKeyPath();
  await loadSecretKey({ secretKey: null, secretKeyFile });
  await writeFile(secretKeyFile, 'damaged');
  await expect(loadSecretKey({ secretKey: null, secretKeyFile })).rejects.toBeInstanceOf(ConfigError);
  expect(await readFile(secretKeyFile, 'utf8')).toBe('damaged');
});

test('a configured key is used as it is', async () => {
  expect(await loadSecretKey({ secretKey: key, secretKeyFile: '/nowhere/secret.key' })).toBe(key);
});
