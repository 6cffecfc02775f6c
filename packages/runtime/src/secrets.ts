import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const VERSION = 'v1';

/** A sealed secret does not open: another key, another context, or changed bytes. Holds nothing of the secret. */
export class SecretError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SecretError';
  }
}

/** A key of 32 bytes for one purpose, so that no two uses share a key. */
export function deriveKey(secretKey: Buffer, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secretKey, 'callbay', purpose, 32));
}

/**
 * Seals `plaintext` with AES-256-GCM. `context` says what it is (`host-key:ed25519`) and must be given again to open
 * it, so that a sealed value moved to another row does not open there.
 */
export function encryptSecret(secretKey: Buffer, plaintext: string, context: string): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', deriveKey(secretKey, 'secrets'), nonce);
  cipher.setAAD(Buffer.from(context));
  const sealed = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()]);
  return [VERSION, ...[nonce, cipher.getAuthTag(), sealed].map((part) => part.toString('base64url'))].join(
    '.',
  );
}

/** Both, with the key in hand. */
export const createSealer = (secretKey: Buffer) => ({
  seal: (text: string, context: string): string => encryptSecret(secretKey, text, context),
  unseal: (sealed: string, context: string): string => decryptSecret(secretKey, sealed, context),
});

/** Opens what `encryptSecret` sealed. Throws SecretError. */
export function decryptSecret(secretKey: Buffer, sealed: string, context: string): string {
  const [kind, nonce, tag, body] = sealed.split('.');
  if (kind !== VERSION || nonce === undefined || tag === undefined || body === undefined) {
    throw new SecretError('this is not a sealed secret of ours');
  }
  try {
    const key = deriveKey(secretKey, 'secrets');
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(nonce, 'base64url'), {
      authTagLength: 16,
    });
    decipher.setAAD(Buffer.from(context));
    decipher.setAuthTag(Buffer.from(tag, 'base64url'));
    return Buffer.concat([decipher.update(Buffer.from(body, 'base64url')), decipher.final()]).toString(
      'utf8',
    );
  } catch (error) {
    throw new SecretError(
      'a sealed secret does not open: CALLBAY_SECRET_KEY is not the one it was made with',
      {
        cause: error,
      },
    );
  }
}
