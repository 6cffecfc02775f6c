import { DSA, ECDSA_384, ECDSA_521, ED25519, RSA_1024, RSA_2048 } from '@callbay/testkit';
import { describe, expect, test } from 'vitest';
import { parseSshPublicKey } from '../src/index.ts';

describe('parseSshPublicKey', () => {
  test.each([
    ['ssh-ed25519', ED25519, 'ops@acme'],
    ['ecdsa-sha2-nistp384', ECDSA_384, 'e'],
    ['ecdsa-sha2-nistp521', ECDSA_521, 'e5'],
    ['ssh-rsa', RSA_2048, 'r'],
  ])('takes %s as ssh-keygen writes it', (type, line, comment) => {
    expect(parseSshPublicKey(line)).toEqual({ type, blob: line.split(' ')[1], comment });
  });

  test('takes a line with a newline at its end, tabs between its parts and no comment', () => {
    const [type, blob] = ED25519.split(' ');
    expect(parseSshPublicKey(`${type}\t${blob}\n`)).toEqual({ type, blob, comment: null });
  });

  const blob = ED25519.split(' ')[1] ?? '';
  test.each([
    [
      'a private key',
      '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n-----END OPENSSH PRIVATE KEY-----',
    ],
    ['an RSA private key', '-----BEGIN RSA PRIVATE KEY-----\nMIIE'],
    ['a PuTTY private key', 'PuTTY-User-Key-File-3: ssh-ed25519'],
    ['a key in RFC 4716 form', '---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n---- END SSH2 PUBLIC KEY ----'],
    ['DSA', DSA],
    ['RSA of 1024 bits', RSA_1024],
    ['a security key', `sk-ssh-ed25519@openssh.com ${blob}`],
    ['options before the key', `command="ls" ${ED25519}`],
    ['two keys', `${ED25519}\n${RSA_2048}`],
    ['a type that its bytes do not name', `ssh-rsa ${blob}`],
    ['a key cut short', ED25519.slice(0, 60)],
    [
      'bytes after the key',
      `ssh-ed25519 ${Buffer.concat([Buffer.from(blob, 'base64'), Buffer.alloc(4)]).toString('base64')}`,
    ],
    ['text that is no base64', 'ssh-ed25519 AAAA!!!!'],
    ['a length that reaches past the end', 'ssh-ed25519 //////////8='],
    ['nothing', ''],
    ['a type alone', 'ssh-ed25519'],
  ])('refuses %s with a sentence that repeats nothing of it', (_title, line) => {
    const answer = parseSshPublicKey(line);
    expect(answer).toBeTypeOf('string');
    expect(answer).not.toContain(blob);
  });
});
