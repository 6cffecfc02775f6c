import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setDefaultCACertificates } from 'node:tls';
import { isOpensslInstalled, makeCertificate } from '@callbay/testkit';
import { expect, test } from 'vitest';
import { sendWebhook } from '../src/index.ts';

/** A server under a certificate of its own for hooks.example.com. */
async function startTls() {
  const { key, cert } = await makeCertificate('hooks.example.com');
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
