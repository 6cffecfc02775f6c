import type { Algorithms } from 'ssh2';
import { ssh2 } from './ssh2.ts';

export interface HostKey {
  readonly type: 'ed25519' | 'ecdsa' | 'rsa';
  readonly privateKey: string;
  readonly publicKey: string;
}

/**
 * A key pair in OpenSSH's format. One in some 256 ed25519 keys that ssh2 makes cannot be read back: those are drawn
 * again.
 */
export function makeKeyPair(
  type: HostKey['type'],
  options: { bits?: number } = {},
): { private: string; public: string } {
  const bits = options.bits ?? (type === 'ecdsa' ? 256 : 3072);
  const { generateKeyPairSync } = ssh2.utils;
  const pair = type === 'ed25519' ? generateKeyPairSync(type) : generateKeyPairSync(type as 'rsa', { bits });
  return ssh2.utils.parseKey(pair.private) instanceof Error ? makeKeyPair(type, options) : pair;
}

/** A new set of host keys. Takes about a second, once in the life of an installation. */
export function makeHostKeys(): HostKey[] {
  return (['ed25519', 'ecdsa', 'rsa'] as const).map((type) => {
    const pair = makeKeyPair(type);
    return { type, privateKey: pair.private, publicKey: pair.public };
  });
}

const RSA_SIGNATURES = ['rsa-sha2-512', 'rsa-sha2-256'] as const;

/**
 * The keys as ssh2's server takes them. It offers SHA-1 signatures with every key of the type `ssh-rsa`, whatever it is
 * told to offer; a key that goes by the name of its signature is offered with that one alone.
 */
export function toServerKeys(
  hostKeys: readonly { readonly privateKey: string }[],
): (string | { key: never })[] {
  return hostKeys.flatMap(({ privateKey }): (string | { key: never })[] => {
    const parsed = ssh2.utils.parseKey(privateKey);
    if (parsed instanceof Error) throw parsed;
    if (parsed.type !== 'ssh-rsa') return [privateKey];
    return RSA_SIGNATURES.map((type) => ({ key: Object.create(parsed, { type: { value: type } }) as never }));
  });
}

const COUNTER_CIPHERS = ['aes128-ctr', 'aes192-ctr', 'aes256-ctr'] as const;
const SEALED_CIPHERS = ['aes128-gcm@openssh.com', 'aes256-gcm@openssh.com'] as const;

/**
 * What the server offers. Not offered: SHA-1 in signatures and MACs, DSA, CBC, and compression, with which
 * twenty packets before login cost 150 MB. The client's order decides, so what is slow here is left out.
 */
export function offeredAlgorithms(isNative: boolean): Algorithms {
  return {
    kex: [
      'curve25519-sha256',
      'curve25519-sha256@libssh.org',
      'ecdh-sha2-nistp256',
      'ecdh-sha2-nistp384',
      'ecdh-sha2-nistp521',
      'diffie-hellman-group16-sha512',
      'diffie-hellman-group14-sha256',
    ],
    serverHostKey: ['ssh-ed25519', 'ecdsa-sha2-nistp256', 'rsa-sha2-512', 'rsa-sha2-256'],
    cipher: isNative
      ? [...SEALED_CIPHERS, 'chacha20-poly1305@openssh.com', ...COUNTER_CIPHERS]
      : [...COUNTER_CIPHERS, ...SEALED_CIPHERS],
    hmac: [
      'hmac-sha2-256-etm@openssh.com',
      'hmac-sha2-512-etm@openssh.com',
      'hmac-sha2-256',
      'hmac-sha2-512',
    ],
    compress: ['none'],
  };
}
