/** An SSH public key that we accept: its type and its wire form in base64. */
export interface SshPublicKeyParts {
  readonly type: string;
  readonly blob: string;
  /** What followed the key on its line, often `user@host`. */
  readonly comment: string | null;
}

const MIN_RSA_BITS = 2048;
const MAX_RSA_BITS = 16_384;

/** Key types with the number of wire fields after the type name. */
const ACCEPTED = new Map([
  ['ssh-ed25519', 1],
  ['ecdsa-sha2-nistp256', 2],
  ['ecdsa-sha2-nistp384', 2],
  ['ecdsa-sha2-nistp521', 2],
  ['ssh-rsa', 2],
]);

/**
 * Reads one line in OpenSSH's `type base64 comment` form. A string answer is the sentence that refuses it:
 * private keys, options before the key, DSA, security keys, RSA under 2048 bits, and bytes that are not a key.
 */
export function parseSshPublicKey(line: string): SshPublicKeyParts | string {
  const trimmed = line.trim();
  if (/PRIVATE KEY|^PuTTY-User-Key-File/i.test(trimmed)) {
    return 'This is a private key: send the public one, and replace this pair, since it has now been shown.';
  }
  if (/BEGIN SSH2 PUBLIC KEY|BEGIN PUBLIC KEY|BEGIN RSA PUBLIC KEY/.test(trimmed)) {
    return 'Send the key in OpenSSH form: one line, such as `ssh-ed25519 AAAA… name`.';
  }
  if (/[\r\n]/.test(trimmed)) return 'Send one key: one line, such as `ssh-ed25519 AAAA… name`.';
  const [type = '', blob = '', ...rest] = trimmed.split(/[ \t]+/);
  if (type === 'ssh-dss') return 'DSA keys are not accepted: make one with `ssh-keygen -t ed25519`.';
  const fieldCount = ACCEPTED.get(type);
  if (fieldCount === undefined) {
    return 'Not a key of an accepted type: ssh-ed25519, ecdsa-sha2-nistp256, -384 or -521, ssh-rsa.';
  }
  const fields = readFields(blob);
  if (
    fields?.length !== fieldCount + 1 ||
    fields[0]?.toString('latin1') !== type ||
    !hasSoundFields(type, fields)
  ) {
    return 'The key is damaged: copy the whole line of the `.pub` file.';
  }
  if (type === 'ssh-rsa') {
    const bits = bitLength(fields[2]);
    if (bits < MIN_RSA_BITS) return `RSA keys need at least ${MIN_RSA_BITS} bits; this one has ${bits}.`;
    if (bits > MAX_RSA_BITS) return `RSA keys may have at most ${MAX_RSA_BITS} bits; this one has ${bits}.`;
  }
  return { type, blob, comment: rest.join(' ') || null };
}

/** The wire form's length-prefixed fields, or null where the bytes are not exactly such a list. */
function readFields(blob: string): Buffer[] | null {
  const bytes = Buffer.from(blob, 'base64');
  // Buffer skips what is not base64, so only an exact round trip proves that all of it was.
  if (bytes.toString('base64').replace(/=+$/, '') !== blob.replace(/=+$/, '')) return null;
  const fields: Buffer[] = [];
  let at = 0;
  while (at < bytes.length && fields.length < 4) {
    if (at + 4 > bytes.length) return null;
    const end = at + 4 + bytes.readUInt32BE(at);
    if (end > bytes.length) return null;
    fields.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return at === bytes.length ? fields : null;
}

function hasSoundFields(type: string, fields: readonly Buffer[]): boolean {
  if (type === 'ssh-ed25519') return fields[1]?.length === 32;
  if (type === 'ssh-rsa') return bitLength(fields[1]) > 1;
  const curve = type.slice('ecdsa-sha2-'.length);
  const coordinateBytes = { nistp256: 32, nistp384: 48, nistp521: 66 }[curve];
  const point = fields[2];
  return (
    fields[1]?.toString('latin1') === curve &&
    coordinateBytes !== undefined &&
    point?.length === 1 + 2 * coordinateBytes &&
    point[0] === 4
  );
}

/** Bits of an SSH mpint, leading zeros apart. */
function bitLength(mpint: Buffer | undefined): number {
  const start = mpint?.findIndex((byte) => byte !== 0) ?? -1;
  const first = mpint?.[start];
  if (mpint === undefined || first === undefined) return 0;
  return (mpint.length - start - 1) * 8 + (32 - Math.clz32(first));
}
