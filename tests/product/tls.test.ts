import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isOpensslInstalled, makeCertificate, startProduct } from '@callbay/testkit';
import { expect, test } from 'vitest';

const main = join(import.meta.dirname, '../../apps/callbay/src/main.ts');

test.skipIf(!isOpensslInstalled)(
  'HTTP is served over TLS, and commands on the machine accept the very certificate of their home (skipped without openssl)',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'callbay-tls-product-'));
    const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    const [ours, other] = [
      await makeCertificate('calls.example.com'),
      await makeCertificate('calls.example.com'),
    ];
    await writeFile(certFile, ours.cert);
    await writeFile(keyFile, ours.key);
    const env = { CALLBAY_TLS_CERT: certFile, CALLBAY_TLS_KEY: keyFile };
    await using product = await startProduct(env);
    const callbay = (...args: string[]) =>
      promisify(execFile)(process.execPath, [main, ...args], {
        env: { ...process.env, ...env, CALLBAY_HOME: product.home, XDG_CONFIG_HOME: folder },
      });
    expect(product.url).toMatch(/^https:/);
    await callbay('tenant', 'create', 'acme', '--name', 'Acme');
    expect((await callbay('tenant', 'list')).stdout).toContain('acme');
    expect((await callbay('doctor')).stdout).toMatch(/^warn {2}tls: The certificate ends on .*, in 1 day\./m);
    // Another server on this address: its certificate is not ours, so that it gets no key.
    await writeFile(certFile, other.cert);
    await writeFile(keyFile, other.key);
    await expect(callbay('tenant', 'list')).rejects.toMatchObject({
      stderr: expect.stringContaining('does not answer'),
    });
    await rm(folder, { recursive: true });
  },
  60_000,
);
