import type { PreviewSample } from '@callbay/contracts';

/**
 * The bytes of a sample, and the encoding that a setting names for them. Text comes decoded, so that no setting applies to it.
 * Source: case 112.
 */
export const bytesOf = (
  { text, base64 }: PreviewSample,
  set: string | null,
): { bytes: Buffer; encoding: string | null } =>
  text === undefined
    ? { bytes: Buffer.from(base64 ?? '', 'base64'), encoding: set }
    : { bytes: Buffer.from(text), encoding: null };
