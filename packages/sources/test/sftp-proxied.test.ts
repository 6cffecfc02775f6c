import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { type Fixture, startFixture, type TestClient } from './fixture.ts';
import { proxyHeader } from './proxy-headers.ts';

const PROXIES = ['127.0.0.1/32'];

async function open({ port }: Fixture, ...first: readonly Buffer[]): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  await once(socket, 'connect');
  for (const bytes of first) socket.write(bytes);
  return socket;
}

async function answerTo(drop: Fixture, bytes: Buffer): Promise<string> {
  const socket = await open(drop, bytes);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('error', () => undefined);
  await once(socket, 'close');
  return Buffer.concat(chunks).toString('latin1');
}

const login = async (drop: Fixture, sock: Socket): Promise<TestClient> => drop.connect({ sock } as never);

test('behind a balancer, a user logs in from the address that the header names and from no other', async () => {
  await using drop = await startFixture({ proxies: PROXIES, account: { allowedCidrs: ['203.0.113.0/24'] } });
  await using client = await login(
    drop,
    await open(drop, proxyHeader({ address: '203.0.113.7', port: 4000 })),
  );
  await client.put('proxied.wav', 'bytes');
  expect(await drop.contentOf('proxied.wav')).toBe('bytes');
  await expect(
    login(drop, await open(drop, proxyHeader({ address: '198.51.100.7', port: 4000 }))),
  ).rejects.toThrow(/authentication/i);
});

test('a header that comes byte by byte is read, and nothing of the client behind it is lost', async () => {
  await using drop = await startFixture({ proxies: PROXIES });
  const header = proxyHeader({ address: '2001:db8::7', port: 4000 });
  const pieces = [...header].map((byte) => Buffer.from([byte]));
  await using client = await login(drop, await open(drop, ...pieces));
  expect(await client.list('/data')).toEqual(['processed', 'rejected']);
});

test.each([
  ['no header', Buffer.from('SSH-2.0-OpenSSH_9.2\r\n')],
  ['version 1', Buffer.from('PROXY TCP4 203.0.113.7 127.0.0.1 40000 22\r\nSSH-2.0-x\r\n')],
  ['a cut signature', Buffer.from('\r\n\r\n\0\r\nQUIX')],
])('from a balancer, %s ends the connection without a word', async (_what, bytes) => {
  await using drop = await startFixture({ proxies: PROXIES });
  expect(await answerTo(drop, bytes)).toBe('');
  expect(drop.server.pendingCount()).toBe(0);
});

test('from any other address a header is believed by nobody: the connection ends and no user logs in by it', async () => {
  await using drop = await startFixture({
    proxies: ['10.9.8.7'],
    account: { allowedCidrs: ['203.0.113.0/24'] },
  });
  await answerTo(drop, proxyHeader({ address: '203.0.113.7', port: 4000 }));
  await expect(drop.connect()).rejects.toThrow(/authentication/i);
});

test('connections from many addresses behind one balancer are judged one by one before login', async () => {
  await using drop = await startFixture({
    proxies: PROXIES,
    limits: { preLogin: { busy: 100, full: 3, silentMs: 60_000, slowMs: 60_000 } },
  });
  const header = (address: string) => proxyHeader({ address, port: 4000 });
  const greeted = async (socket: Socket) => {
    await once(socket, 'data');
    return socket;
  };
  const greedy: Socket[] = [];
  for (let n = 0; n < 3; n += 1) greedy.push(await greeted(await open(drop, header('203.0.113.1'))));
  const ended = Promise.race(greedy.map((socket) => once(socket, 'close')));
  for (const socket of greedy) socket.on('error', () => undefined);
  // An honest one from elsewhere finds a place, and the greedy network pays for it.
  await using client = await login(drop, await open(drop, header('203.0.113.2')));
  await ended;
  expect(await client.list('/data')).toEqual(['processed', 'rejected']);
  for (const socket of greedy) socket.destroy();
});
