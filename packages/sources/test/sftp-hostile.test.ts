import { connect, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { isInstalled, run } from './commands.ts';
import { type Fixture, startFixture, statusOf, type TestClient, until } from './fixture.ts';

const isServing = async (drop: Fixture): Promise<void> => {
  await using client = await drop.connect();
  await client.put('still.wav', 'alive');
  expect(await drop.contentOf('still.wav')).toBe('alive');
};

/** A raw connection, with whatever comes of it ignored. */
function open(drop: Fixture): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect({ port: drop.port, host: '127.0.0.1' }, () => resolve(socket));
    socket.on('error', () => resolve(socket));
    socket.resume();
  });
}
const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => (socket.destroyed ? resolve() : socket.once('close', () => resolve())));

test.skipIf(!isInstalled('ssh-keyscan'))(
  'case 93: ssh-keyscan gets the keys and the server lives (skipped without ssh-keyscan)',
  async () => {
    await using drop = await startFixture();
    const scan = await run('ssh-keyscan', [
      '-p',
      String(drop.port),
      '-t',
      'ed25519,ecdsa,rsa,dsa',
      '127.0.0.1',
    ]);
    expect(scan.output).toContain('ssh-ed25519');
    expect(scan.output).toContain('ecdsa-sha2-nistp256');
    expect(scan.output).toContain('ssh-rsa');
    expect(scan.output).toContain('SSH-2.0-Callbay');
    await isServing(drop);
  },
);

test('case 93: a client with no common algorithm ends, and the server lives', async () => {
  await using drop = await startFixture();
  await expect(drop.connect({ algorithms: { kex: ['diffie-hellman-group14-sha1'] } })).rejects.toThrow();
  await expect(drop.connect({ algorithms: { cipher: ['aes128-cbc'] } })).rejects.toThrow();
  await isServing(drop);
});

test('case 93: resets at every stage and junk leave the server alive', async () => {
  await using drop = await startFixture();
  const openings = [
    '',
    'SSH-2.0-junk\r\n',
    'SSH-2.0-junk\r\n\0\0\0\x0c\x0a\x14junkjunkjunk',
    'GET / HTTP/1.1\r\n\r\n',
    '\0'.repeat(9_000),
  ];
  for (let round = 0; round < 20; round += 1) {
    for (const opening of openings) {
      const socket = await open(drop);
      socket.write(opening);
      await new Promise((resolve) => setImmediate(resolve));
      socket.resetAndDestroy();
    }
  }
  await until(() => drop.server.pendingCount() === 0);
  await isServing(drop);
});

test('case 93: half-open connections are bounded, and honest logins get through', async () => {
  await using drop = await startFixture({ limits: { loginGraceMs: 300 } });
  const before = process.memoryUsage().rss;
  const sockets: Socket[] = [];
  for (let index = 0; index < 2_000; index += 1) {
    sockets.push(await open(drop));
    expect(drop.server.pendingCount()).toBeLessThanOrEqual(300);
  }
  expect(process.memoryUsage().rss - before).toBeLessThan(200 * 2 ** 20);
  // Their time to log in runs out.
  await Promise.all(sockets.map(closed));
  await until(() => drop.server.pendingCount() === 0);
  await isServing(drop);
});

test('case 117: a stranger with thousands of half-open connections keeps nobody else from logging in', async () => {
  await using drop = await startFixture();
  const sockets: Socket[] = [];
  for (let index = 0; index < 3_000; index += 1) sockets.push(await open(drop));
  expect(drop.server.pendingCount()).toBe(300);
  const logins = Array.from({ length: 30 }, () => drop.connect({ localAddress: '127.0.0.2' }));
  for (const client of await Promise.all(logins)) await client.kill();
  for (const socket of sockets) socket.destroy();
});

test('case 117: a hundred honest logins at once all get in, beside ten clients that say nothing', async () => {
  await using drop = await startFixture();
  const silent = await Promise.all(Array.from({ length: 10 }, () => open(drop)));
  const logins = await Promise.all(Array.from({ length: 100 }, () => drop.connect()));
  expect(drop.server.sessionCount()).toBe(100);
  for (const client of logins) client.ssh.destroy();
  for (const socket of silent) socket.destroy();
});

test('case 117: under pressure clients that say nothing are closed early, and those that speak are not', async () => {
  await using drop = await startFixture({
    limits: { preLogin: { busy: 2, full: 300, silentMs: 50, slowMs: 10_000 } },
  });
  const silent = await Promise.all(Array.from({ length: 8 }, () => open(drop)));
  const ends = silent.map(closed);
  const speaking = await open(drop);
  speaking.write('SSH-2.0-Patient\r\n');
  // The first connection after they had their time finds them out.
  await until(async () => {
    (await open(drop)).destroy();
    return silent.every((socket) => socket.destroyed);
  });
  await Promise.all(ends);
  expect(speaking.destroyed).toBe(false);
  speaking.destroy();
});

function sendRaw(client: TestClient, bytes: Buffer): void {
  const raw = client.sftp as unknown as {
    _protocol: { channelData(id: number, bytes: Buffer): void };
    outgoing: { id: number };
  };
  raw._protocol.channelData(raw.outgoing.id, bytes);
}

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

/** A request whose string says that it is longer than the packet; what follows can be read all the same. */
const withBrokenString = (type: number, id: number, ...rest: Buffer[]): Buffer => {
  const body = Buffer.concat([Buffer.from([type]), uint32(id), uint32(2 ** 20), ...rest]);
  return Buffer.concat([uint32(body.length), body]);
};

test('a request that lacks a part is answered BAD_MESSAGE, and is no error of ours', async () => {
  await using drop = await startFixture();
  await using client = await drop.connect();
  const [flags, empty] = [uint32(0), uint32(0)];
  for (const [name, type, rest] of [
    ['OPEN', 3, [uint32(26), flags]],
    ['SETSTAT', 9, [flags]],
    ['FSETSTAT, with a part of the handle taken for times', 9, [uint32(8), uint32(1), uint32(1)]],
    ['MKDIR', 14, [flags]],
    ['RENAME', 18, [empty]],
  ] as const) {
    const { promise, resolve } = Promise.withResolvers<number | undefined>();
    const requests = (client.sftp as unknown as { _requests: Record<number, { cb: (e: unknown) => void }> })
      ._requests;
    requests[7_777] = { cb: (error) => resolve((error as { code?: number } | undefined)?.code) };
    sendRaw(client, withBrokenString(type, 7_777, ...rest));
    expect(await promise, name).toBe(5);
  }
  await isServing(drop);
  expect(drop.errors).toEqual([]);
});

test('a packet that ends before its handle ends its own session only, and is no error of ours', async () => {
  await using drop = await startFixture();
  await using client = await drop.connect();
  const other = await new Promise<TestClient['sftp']>((resolve, reject) =>
    client.ssh.sftp((error, sftp) => (error ? reject(error) : resolve(sftp))),
  );
  const ended = new Promise<void>((resolve) => client.sftp.once('close', () => resolve()));
  sendRaw(client, withBrokenString(6, 1, uint32(0), uint32(0), uint32(0)));
  await ended;
  await new Promise<void>((resolve, reject) =>
    other.stat('/data', (error) => (error ? reject(error) : resolve())),
  );
  await isServing(drop);
  expect(drop.errors).toEqual([]);
});

test('a write at an offset near 2^64 is refused as too large, and recorded with a size that can be stored', async () => {
  await using drop = await startFixture();
  await using client = await drop.connect();
  for (const name of ['write.wav', 'size.wav']) {
    const handle = await client.open(name, 'w');
    const refused =
      name === 'write.wav'
        ? client.write(handle, 'x', 2 ** 64 - 2 ** 12)
        : client.do((sftp, done) => sftp.fsetstat(handle, { size: 2 ** 64 - 2 ** 12 } as never, done));
    expect(await statusOf(refused)).toBe(4);
    expect(await statusOf(client.close(handle))).toBe(4);
  }
  expect(drop.drop.refusals).toMatchObject([
    { name: 'write.wav', code: 'TOO_LARGE', sizeBytes: Number.MAX_SAFE_INTEGER },
    { name: 'size.wav', code: 'TOO_LARGE', sizeBytes: Number.MAX_SAFE_INTEGER },
  ]);
  expect(drop.errors).toEqual([]);
});

test('malformed SFTP packets end their own session only', async () => {
  await using drop = await startFixture();
  await using other = await drop.connect();
  const junk: Buffer[] = [
    Buffer.from([0, 0, 0, 0]),
    Buffer.from([0xff, 0xff, 0xff, 0xff, 3]),
    Buffer.from([0, 0, 0, 5, 3, 0, 0, 0, 1]),
    Buffer.from([0, 0, 0, 5, 99, 0, 0, 0, 1]),
    Buffer.from([0, 0, 0, 9, 200, 0, 0, 0, 1, 0, 0, 0, 200]),
  ];
  for (const bytes of junk) {
    const client = await drop.connect();
    const ended = new Promise<void>((resolve) => client.sftp.once('close', () => resolve()));
    sendRaw(client, bytes);
    await ended;
    client.ssh.destroy();
  }
  expect(await other.list('/')).toEqual(['data', 'receipts']);
  await isServing(drop);
});

test('malformed extended requests are refused', async () => {
  await using drop = await startFixture();
  await using client = await drop.connect();
  const invalid = Buffer.from([9, 9, 9, 9]);
  expect(await statusOf(client.close(invalid))).toBe(4);
  expect(await statusOf(client.do((sftp, done) => sftp.ext_openssh_fsync(invalid, done)))).toBe(4);
  expect(await statusOf(client.close(Buffer.alloc(0)))).toBe(4);
  await isServing(drop);
});

test('an idle session is ended, a session with an open file is not', async () => {
  let elapsedMs = 0;
  await using drop = await startFixture({
    limits: { idleMs: 900_000, checkEveryMs: 10 },
    monotonicMs: () => elapsedMs,
  });
  const endOf = (client: TestClient) =>
    new Promise<void>((resolve) => client.ssh.once('close', () => resolve()));
  const idle = await drop.connect();
  const busy = await drop.connect();
  const [idleEnded, busyEnded] = [endOf(idle), endOf(busy)];
  const handle = await busy.open('slow.wav', 'w');
  elapsedMs += 900_001;
  await idleEnded;
  await busy.write(handle, 'x', 0);
  await busy.close(handle);
  expect(drop.drop.files).toHaveLength(1);
  elapsedMs += 900_001;
  await busyEnded;
});

test('clients that ask for much and take nothing cost bounded memory in all, and keep nobody from reading', async () => {
  const limits = { replyBufferBytes: 512 * 1024, replyBudgetBytes: 2 * 2 ** 20 };
  await using drop = await startFixture({ limits });
  const whole = Buffer.alloc(1_000_000, 7);
  const sink = Buffer.alloc(250_000);
  await using client = await drop.connect();
  await client.put('big.wav', whole);
  const readers = await Promise.all(Array.from({ length: 20 }, () => drop.connect()));
  let most = 0;
  for (const reader of readers) {
    const handle = await reader.open('big.wav', 'r');
    const raw = reader.sftp as unknown as {
      _protocol: { channelWindowAdjust(id: number, bytes: number): void };
      outgoing: { id: number };
    };
    raw._protocol.channelWindowAdjust(raw.outgoing.id, 2 ** 30);
    (reader.ssh as unknown as { _sock: Socket })._sock.pause();
    // Enough to fill what the kernel takes of each connection, and more.
    for (let index = 0; index < 400; index += 1) reader.sftp.read(handle, sink, 0, sink.length, 0, () => {});
    most = Math.max(most, drop.server.repliedBytes());
  }
  for (let index = 0; index < 3; index += 1) {
    expect((await client.get('big.wav')).equals(whole)).toBe(true);
    most = Math.max(most, drop.server.repliedBytes());
  }
  expect(most).toBeLessThanOrEqual(limits.replyBudgetBytes + 21 * 250_000);
  for (const reader of readers) await reader.kill();
  await until(() => drop.server.repliedBytes() === 0);
});

test('a client that asks for a whole file at once and reads nothing costs bounded memory', async () => {
  await using drop = await startFixture();
  await using client = await drop.connect();
  await client.put('big.wav', Buffer.alloc(200_000));
  const reader = await drop.connect();
  const handle = await reader.open('big.wav', 'r');
  const socket = (reader.ssh as unknown as { _sock: Socket })._sock;
  socket.pause();
  const before = process.memoryUsage().arrayBuffers;
  for (let index = 0; index < 3_000; index += 1) {
    reader.sftp.read(handle, Buffer.alloc(32_000), 0, 32_000, 0, () => {});
  }
  // The client's own 96 MB of buffers are part of this process.
  await isServing(drop);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(150 * 2 ** 20);
  await reader.kill();
});
