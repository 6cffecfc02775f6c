import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { type ResolveHost, sendWebhook, signWebhook } from '../src/index.ts';
import { startReceiver } from './servers.ts';

const LOCAL = { allow: ['127.0.0.0/8'] };
const message = { secret: 'whsec_test', deliveryId: 'd-1', body: '{"type":"alerts.digest","name":"ü"}' };
const leadsTo =
  (...addresses: string[]): ResolveHost =>
  async () =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));

test('the signature is HMAC-SHA256 over the time and the body, as a receiver would check it', () => {
  const header = signWebhook('whsec_test', message.body, 1_772_000_000_999);
  const [, at, signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(header) ?? [];
  expect(at).toBe('1772000000');
  expect(signature).toBe(createHmac('sha256', 'whsec_test').update(`${at}.${message.body}`).digest('hex'));
});

test('a body is posted whole, signed and with its delivery’s id', async () => {
  await using receiver = await startReceiver({ status: 204 });
  const url = `http://127.0.0.1:${receiver.port}/hook?team=1`;
  expect(await sendWebhook({ ...message, url }, { rules: LOCAL })).toBeNull();
  const [got] = receiver.received;
  expect(got).toMatchObject({ method: 'POST', path: '/hook?team=1', body: message.body });
  expect(got?.headers).toMatchObject({ 'content-type': 'application/json', 'x-callbay-delivery': 'd-1' });
  const signature = String(got?.headers['x-callbay-signature']);
  const at = Number(/^t=(\d+)/.exec(signature)?.[1]);
  expect(Math.abs(at - Date.now() / 1000)).toBeLessThan(60);
  expect(signature).toBe(signWebhook(message.secret, message.body, at * 1000));
});

describe('what the receiver answers decides', () => {
  test.each([
    [500, { code: 'WEBHOOK_REFUSED', isRetryable: true }],
    [404, { code: 'WEBHOOK_REFUSED', isRetryable: true }],
    [410, { code: 'WEBHOOK_GONE', isRetryable: false }],
  ])('%i', async (status, expected) => {
    await using receiver = await startReceiver({ status, body: 'x'.repeat(1_000_000) });
    const url = `http://127.0.0.1:${receiver.port}/`;
    expect(await sendWebhook({ ...message, url }, { rules: LOCAL })).toMatchObject(expected);
  });

  test('a redirect is not followed', async () => {
    await using target = await startReceiver({ status: 200 });
    const location = `http://127.0.0.1:${target.port}/`;
    await using receiver = await startReceiver({ status: 307, headers: { location } });
    const url = `http://127.0.0.1:${receiver.port}/`;
    expect(await sendWebhook({ ...message, url }, { rules: LOCAL })).toMatchObject({
      code: 'WEBHOOK_REDIRECTED',
    });
    expect(target.received).toEqual([]);
  });

  test('an endless answer is not read', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      const fill = (): void => {
        while (!socket.destroyed && socket.write('x'.repeat(65_536)));
        if (!socket.destroyed) socket.once('drain', fill);
      };
      fill();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    expect(await sendWebhook({ ...message, url }, { rules: LOCAL })).toBeNull();
    server.close();
    await once(server, 'close');
  });

  test('one that answers nothing is given up in time, and so is a resolver', async () => {
    await using receiver = await startReceiver(null);
    const url = `http://127.0.0.1:${receiver.port}/`;
    const late = { code: 'WEBHOOK_TIMEOUT', isRetryable: true };
    expect(await sendWebhook({ ...message, url }, { rules: LOCAL, timeoutMs: 200 })).toMatchObject(late);
    const never: ResolveHost = () => new Promise(() => {});
    const named = { ...message, url: 'https://hooks.example.com/' };
    expect(await sendWebhook(named, { rules: LOCAL, timeoutMs: 50, resolveHost: never })).toMatchObject(late);
  });

  test('nobody there is told by the code of the system, without an address', async () => {
    const receiver = await startReceiver({ status: 200 });
    await receiver[Symbol.asyncDispose]();
    const url = `http://127.0.0.1:${receiver.port}/`;
    const failure = await sendWebhook({ ...message, url }, { rules: LOCAL });
    expect(failure).toMatchObject({ code: 'WEBHOOK_UNREACHABLE', isRetryable: true });
    expect(failure?.message).not.toContain('127.0.0.1');
  });
});

describe('no private address is ever connected to', () => {
  const NONE = { allow: [] };
  const refused = { code: 'WEBHOOK_ADDRESS_FORBIDDEN', isRetryable: false };

  test('not as a literal, however it is written', async () => {
    await using receiver = await startReceiver({ status: 200 });
    for (const host of ['127.0.0.1', '127.1', '2130706433', '[::ffff:127.0.0.1]', 'localhost']) {
      for (const scheme of ['http', 'https']) {
        const url = `${scheme}://${host}:${receiver.port}/`;
        expect(await sendWebhook({ ...message, url }, { rules: NONE }), url).toMatchObject(refused);
      }
    }
    expect(receiver.received).toEqual([]);
  });

  test('not by a name that leads there, nor by one that leads there as well', async () => {
    const url = 'https://hooks.example.com/';
    for (const addresses of [['127.0.0.1'], ['10.0.0.1'], ['::1'], ['1.1.1.1', '169.254.169.254']]) {
      const resolveHost = leadsTo(...addresses);
      expect(await sendWebhook({ ...message, url }, { rules: NONE, resolveHost })).toMatchObject(refused);
    }
  });

  test('a name is resolved once: what it leads to afterwards is not asked', async () => {
    await using receiver = await startReceiver({ status: 200 });
    let asked = 0;
    const rebinding: ResolveHost = async () => {
      asked += 1;
      return [{ address: asked === 1 ? '127.0.0.1' : '10.0.0.1', family: 4 }];
    };
    const url = `http://hooks.example.com:${receiver.port}/`;
    expect(await sendWebhook({ ...message, url }, { rules: LOCAL, resolveHost: rebinding })).toBeNull();
    expect([asked, receiver.received.length]).toEqual([1, 1]);
    expect(receiver.received[0]?.headers.host).toBe(`hooks.example.com:${receiver.port}`);
  });

  test('without https only what the operator named is sent to', async () => {
    const url = 'http://hooks.example.com/';
    const resolveHost = leadsTo('1.1.1.1');
    expect(await sendWebhook({ ...message, url }, { rules: LOCAL, resolveHost })).toMatchObject(refused);
  });
});
