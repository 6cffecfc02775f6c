import { mkdtempSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isOpensslInstalled, makeCertificate, type TestCertificate } from '@callbay/testkit';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { ConfigError, readTlsIdentity, watchTlsIdentity } from '../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'callbay-tls-'));
const files = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') };
afterAll(() => rm(folder, { recursive: true }));

const place = async (file: string, text: string): Promise<void> => {
  await writeFile(`${file}.new`, text);
  await rename(`${file}.new`, file);
};

function problemsOf(now = new Date()): readonly string[] {
  try {
    readTlsIdentity(files, now);
    return [];
  } catch (error) {
    return (error as ConfigError).problems.map(({ variable, message }) => `${variable} ${message}`);
  }
}

describe.skipIf(!isOpensslInstalled)('the certificate for HTTP (skipped without openssl)', () => {
  let first: TestCertificate;
  let second: TestCertificate;
  beforeAll(async () => {
    [first, second] = [await makeCertificate('one.example.com'), await makeCertificate('two.example.com')];
  });

  test('what cannot be served is refused with the variable and the reason', async () => {
    expect(problemsOf()).toEqual([
      `CALLBAY_TLS_CERT ${files.certFile} cannot be read (ENOENT)`,
      `CALLBAY_TLS_KEY ${files.keyFile} cannot be read (ENOENT)`,
    ]);
    await place(files.certFile, 'nothing');
    await place(files.keyFile, first.cert);
    expect(problemsOf()).toEqual([
      'CALLBAY_TLS_CERT must name a certificate in PEM',
      'CALLBAY_TLS_KEY must name a private key in PEM, without a passphrase',
    ]);
    await place(files.certFile, second.cert);
    await place(files.keyFile, first.key);
    expect(problemsOf()).toEqual(['CALLBAY_TLS_KEY is the key of another certificate than CALLBAY_TLS_CERT']);
    await place(
      files.certFile,
      `${first.cert}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
    );
    expect(problemsOf()).toEqual(['CALLBAY_TLS_CERT must name a certificate and its chain in PEM']);
    await place(files.certFile, first.cert);
    expect(problemsOf()).toEqual([]);
    expect(problemsOf(new Date(Date.now() + 3 * 86_400_000))).toEqual([
      expect.stringMatching(/^CALLBAY_TLS_CERT ended on .*: renew it$/),
    ]);
  });

  test('a renewed certificate is told once, and one that does not fit its key yet is a problem', async () => {
    await place(files.certFile, first.cert);
    await place(files.keyFile, first.key);
    const served = readTlsIdentity(files, new Date()).fingerprint256;
    const [onRenewed, onProblem] = [vi.fn(), vi.fn()];
    const unwatch = watchTlsIdentity(files, { served, onRenewed, onProblem }, 10);
    await place(files.certFile, second.cert);
    await vi.waitFor(() => expect(onProblem).toHaveBeenCalledWith(expect.any(ConfigError)));
    expect(onRenewed).not.toHaveBeenCalled();
    await place(files.keyFile, second.key);
    await vi.waitFor(() => expect(onRenewed).toHaveBeenCalledTimes(1));
    expect(String(onRenewed.mock.calls[0]?.[0].cert)).toBe(second.cert);
    unwatch();
  });
});
