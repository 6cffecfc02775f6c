import { once } from 'node:events';
import { Agent, request } from 'node:https';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import { isOpensslInstalled, makeCertificate } from '@callbay/testkit';
import { expect, test } from 'vitest';
import { startApi } from './support.ts';

const HOST = 'calls.example.com';
const isSkipped = !isOpensslInstalled;

async function startTlsApi() {
  const { cert, key } = await makeCertificate(HOST);
  const api = await startApi({ options: { tls: { cert: Buffer.from(cert), key: Buffer.from(key) } } });
  return { api, cert, port: Number(new URL(api.url).port) };
}

test.skipIf(isSkipped)(
  'HTTP over TLS answers clients that trust its certificate, and closing waits for no idle one (skipped without openssl)',
  async () => {
    const { api, cert, port } = await startTlsApi();
    const agent = new Agent({ keepAlive: true, ca: cert, servername: HOST });
    const headers = { authorization: `Bearer ${api.operator}` };
    const asked = request({ agent, port, host: '127.0.0.1', path: '/v1/tenants', headers }).end();
    const [answer] = await once(asked, 'response');
    expect(answer.statusCode).toBe(200);
    expect(JSON.parse(await text(answer))).toEqual({ items: [], nextCursor: null });

    const accepted = once(api.api.server, 'connection');
    const silent = connect({ host: '127.0.0.1', port });
    silent.on('error', () => {});
    const ended = once(silent, 'close');
    await accepted;
    const secured = once(api.api.server, 'secureConnection');
    const silentTls = connectTls({ host: '127.0.0.1', port, ca: cert, servername: HOST });
    silentTls.on('error', () => {});
    const endedTls = once(silentTls, 'close');
    await secured;
    await api[Symbol.asyncDispose]();
    await Promise.all([ended, endedTls]);
    agent.destroy();
  },
  20_000,
);

test.skipIf(isSkipped)(
  'TLS before 1.2 is refused, and so is HTTP without TLS (skipped without openssl)',
  async () => {
    const { api, cert, port } = await startTlsApi();
    await using _api = api;
    const old = connectTls({
      host: '127.0.0.1',
      port,
      ca: cert,
      servername: HOST,
      minVersion: 'TLSv1.1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT:@SECLEVEL=0',
    });
    const [error] = (await once(old, 'error').catch((cause: unknown) => [cause])) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
    await expect(fetch(`http://127.0.0.1:${port}/health/live`)).rejects.toThrow();
  },
  20_000,
);
