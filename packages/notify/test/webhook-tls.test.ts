import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setDefaultCACertificates } from 'node:tls';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { sendWebhook } from '../src/index.ts';

const isOpensslInstalled = spawnSync('openssl', ['version']).status === 0;
const run = promisify(execFile);

/** A server under a certificate of its own for hooks.example.com. */
async function startTls() {
  const folder = await mkdtemp(join(tmpdir(), 'callbay-tls-'));
  const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-subj', '/CN=hooks.example.com', '-addext', 'subjectAltName=DNS:hooks.example.com'];
  const files = ['-keyout', keyFile, '-out', certFile];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  await run('openssl', ['req', '-x509', ...curve, '-nodes', '-days', '2', ...subject, ...files]);
  const [key, cert] = [await readFile(keyFile, 'utf8'), await readFile(certFile, 'utf8')];
  await rm(folder, { recursive: true });
  let received = 0;
  const server = createServer({ key, cert }, (_request, response) => {
    received += 1;
    response.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    cert,
    port: (server.address() as AddressInfo).port,
    received: () => received,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

test.skipIf(!isOpensslInstalled)(
  'over https the receiver must show a certificate that we trust, for the very name that was set (skipped without openssl)',
  async () => {
    await using server = await startTls();
    const resolveHost = async () => [{ address: '127.0.0.1', family: 4 }];
    const send = (host: string) =>
      sendWebhook(
        { url: `https://${host}:${server.port}/`, secret: 's', deliveryId: 'd', body: '{}' },
        { rules: { allow: ['127.0.0.1/32'] }, resolveHost },
      );
    expect(await send('hooks.example.com')).toMatchObject({ code: 'WEBHOOK_UNREACHABLE' });
    setDefaultCACertificates([server.cert]);
    expect(await send('other.example.com')).toMatchObject({ code: 'WEBHOOK_UNREACHABLE' });
    expect(server.received()).toBe(0);
    expect(await send('hooks.example.com')).toBeNull();
    expect(server.received()).toBe(1);
  },
);
