import { hashPassword, verifyPassword } from '@callbay/ingestion';
import { expect, test } from 'vitest';
import { makeKeyPair } from '../src/index.ts';
import { FAREWELLS } from '../src/sftp/farewells.ts';
import { ssh2 } from '../src/sftp/ssh2.ts';
import { isInstalled, run, SSH_OPTIONS, sftp } from './commands.ts';
import { KEY, login, startFixture, statusOf, until, wireKey } from './fixture.ts';

const OTHER_KEY = makeKeyPair('ed25519');
const RSA_KEY = makeKeyPair('rsa', { bits: 2048 });
const ECDSA_KEY = makeKeyPair('ecdsa', { bits: 384 });
const PASSWORD = 'correct horse battery staple';
const refused = (promise: Promise<unknown>) => expect(promise).rejects.toThrow();

test('each of several keys lets in: ed25519, ECDSA and RSA with SHA-2', async () => {
  await using drop = await startFixture();
  const keys = [KEY, RSA_KEY, ECDSA_KEY].map((key, index) => ({
    id: `key-${index}`,
    publicKey: wireKey(key.public),
    expiresInMs: null,
  }));
  drop.addUser({ username: 'acme-push', keys });
  for (const { private: privateKey } of [KEY, RSA_KEY, ECDSA_KEY]) {
    await using client = await drop.connect({ privateKey });
    expect(await client.list('/')).toEqual(['data', 'receipts']);
  }
  expect(drop.accounts.touched).toEqual(['key-0', 'key-1', 'key-2']);
});

test('a login is audited with its user, address, method and key', async () => {
  await using drop = await startFixture();
  await using _client = await drop.connect();
  expect(drop.accounts.audit).toMatchObject([
    {
      tenantId: 'acme',
      actor: 'acme-push',
      action: 'sftp.login',
      remoteAddress: '127.0.0.1',
      detail: { method: 'key', keyId: 'acme-push-key' },
    },
  ]);
});

test.each([
  ['an unknown user', { username: 'nobody' }, null, 'unknown_user'],
  ['an unknown key', { privateKey: OTHER_KEY.private }, 'acme', 'unknown_key'],
  ['a wrong password', { privateKey: undefined, password: 'wrong' }, 'acme', 'bad_password'],
] as const)('%s is refused and audited', async (_title, config, tenantId, reason) => {
  await using drop = await startFixture({ account: { passwordHash: await hashPassword(PASSWORD) } });
  await refused(drop.connect(config as { username?: string }));
  await until(() => drop.accounts.audit.length > 0);
  expect(drop.accounts.audit).toMatchObject([
    { tenantId, action: 'sftp.refused', detail: { reasons: [reason] } },
  ]);
  expect(drop.server.sessionCount()).toBe(0);
});

test('every session that was opened is told to have closed, and a refused login opens none', async () => {
  const told: string[] = [];
  const metrics = { sessionOpened: () => told.push('opened'), sessionClosed: () => told.push('closed') };
  await using drop = await startFixture({ metrics });
  await refused(drop.connect({ username: 'nobody' }));
  {
    await using _client = await drop.connect();
    expect(told).toEqual(['opened']);
  }
  await until(() => told.length > 1);
  expect(told).toEqual(['opened', 'closed']);
});

test('an expired key is refused, and a session on it ends when it expires', async () => {
  let elapsedMs = 0;
  await using drop = await startFixture({ monotonicMs: () => elapsedMs, limits: { checkEveryMs: 10 } });
  const expiring = (expiresInMs: number) =>
    drop.addUser({ username: 'acme-push', keys: [{ id: 'k', publicKey: wireKey(KEY.public), expiresInMs }] });
  expiring(1_000);
  const client = await drop.connect();
  await client.open('held.tmp', 'w');
  const ended = new Promise<void>((resolve) => client.ssh.once('close', () => resolve()));
  elapsedMs += 999;
  expect(await client.list('/')).toEqual(['data', 'receipts']);
  elapsedMs += 1;
  await ended;
  expiring(0);
  await refused(drop.connect());
  await until(() => drop.accounts.audit.some(({ action }) => action === 'sftp.refused'));
  expect(drop.accounts.audit.at(-1)).toMatchObject({ detail: { reasons: ['expired_key'] } });
});

test('the host clock neither lets an expired key in nor ends one that has time left', async () => {
  await using drop = await startFixture({
    now: () => new Date('1999-01-01T00:00:00Z'),
    limits: { checkEveryMs: 10 },
  });
  const keys = (expiresInMs: number) => [{ id: 'k', publicKey: wireKey(KEY.public), expiresInMs }];
  drop.addUser({ username: 'acme-push', keys: keys(-86_400_000) });
  await refused(drop.connect());
  drop.addUser({ username: 'acme-push', keys: keys(86_400_000) });
  await using client = await drop.connect();
  expect(await client.list('/')).toEqual(['data', 'receipts']);
});

test('a login from outside the allowed ranges is refused, from inside let in', async () => {
  await using drop = await startFixture({ account: { allowedCidrs: ['10.0.0.0/8', '::1/128'] } });
  await refused(drop.connect());
  await until(() => drop.accounts.audit.length > 0);
  expect(drop.accounts.audit).toMatchObject([{ action: 'sftp.refused', detail: { reasons: ['address'] } }]);
  drop.addUser({ username: 'acme-push', allowedCidrs: ['127.0.0.0/8'] });
  await using _client = await drop.connect();
});

test('a password lets in where the user has one, and a user without one costs the same work', async () => {
  await using drop = await startFixture({ account: { passwordHash: await hashPassword(PASSWORD) } });
  const ssh = await login({ host: '127.0.0.1', port: drop.port, username: 'acme-push', password: PASSWORD });
  ssh.destroy();
  expect(await verifyPassword(PASSWORD, null)).toBe(false);
  expect(await verifyPassword('', null)).toBe(false);
  expect(await verifyPassword(PASSWORD, 'nonsense')).toBe(false);
  expect(await verifyPassword(PASSWORD, await hashPassword(PASSWORD))).toBe(true);
});

test('the sixth failed attempt ends the connection', async () => {
  await using drop = await startFixture({ account: { passwordHash: await hashPassword(PASSWORD) } });
  let attempts = 0;
  const ssh = new ssh2.Client();
  const closed = new Promise<void>((resolve) => ssh.once('close', () => resolve()));
  ssh.on('error', () => {});
  ssh.connect({
    host: '127.0.0.1',
    port: drop.port,
    username: 'acme-push',
    authHandler: (_left, _partial, next) => {
      attempts += 1;
      next({ type: 'password', username: 'acme-push', password: `wrong ${attempts}` });
    },
  });
  await closed;
  await until(() => drop.accounts.audit.length > 0);
  expect(drop.accounts.audit).toMatchObject([{ detail: { attempts: 6 } }]);
});

test.each(['key', 'password', 'user'] as const)(
  'case 98: taking the %s away drops its open sessions and no others',
  async (what) => {
    const passwordHash = await hashPassword(PASSWORD);
    await using drop = await startFixture({ account: { passwordHash } });
    drop.addUser({ username: 'acme-other' });
    const credential = what === 'password' ? { privateKey: undefined, password: PASSWORD } : {};
    const client = await drop.connect(credential as object);
    await using other = await drop.connect({ username: 'acme-other' });
    const handle = await client.open('98.wav', 'w');
    await client.write(handle, 'half', 0);
    const dropped = new Promise<void>((resolve) => client.ssh.once('close', () => resolve()));
    const account = drop.accounts.accounts.get('acme-push')!;
    if (what === 'user') drop.accounts.accounts.delete('acme-push');
    if (what === 'key') drop.accounts.accounts.set('acme-push', { ...account, keys: [] });
    if (what === 'password')
      drop.accounts.accounts.set('acme-push', { ...account, passwordHash: await hashPassword('new') });
    drop.accounts.announce('acme-push');
    await dropped;
    expect(await other.list('/')).toEqual(['data', 'receipts']);
    expect(drop.drop.files).toEqual([]);
    expect(drop.server.sessionCount()).toBe(1);
  },
);

test('case 98: a change that leaves the session its access only updates it', async () => {
  await using drop = await startFixture();
  await using client = await drop.connect();
  await client.put('a.wav', 'x');
  drop.addUser({ username: 'acme-push', canRead: 'none' });
  drop.accounts.announce('acme-push');
  await until(async () => (await statusOf(client.get('a.wav'))) === 3);
  expect(await client.list('/data')).toContain('a.wav');
});

test('with the account store away a login fails, and the server goes on', async () => {
  const ends: string[] = [];
  await using drop = await startFixture({ metrics: { loginEnded: (outcome) => ends.push(outcome) } });
  drop.accounts.failWith = new Error('database away');
  await refused(drop.connect());
  expect(ends).toEqual(['unavailable']);
  drop.accounts.failWith = null;
  await using client = await drop.connect();
  expect(await client.list('/')).toEqual(['data', 'receipts']);
});

test.skipIf(!isInstalled('sftp'))(
  'a login that cannot be checked is told why, not that it failed (skipped where sftp is not installed)',
  async () => {
    await using drop = await startFixture();
    drop.accounts.failWith = new Error('database away');
    const { code, output } = await sftp(drop, 'ls\n');
    expect(code).toBe(255);
    expect(output).toContain(FAREWELLS.unavailable.sentence);
    expect(output).not.toContain('Permission denied');
  },
);

test('a login is told of an outage when the account store does not answer', async () => {
  const ends: string[] = [];
  await using drop = await startFixture({
    limits: { loginAnswerMs: 50 },
    metrics: { loginEnded: (outcome) => ends.push(outcome) },
  });
  const asked = Promise.withResolvers<never>();
  const { findAccount } = drop.accounts;
  drop.accounts.findAccount = () => asked.promise;
  await refused(drop.connect());
  expect(ends).toEqual(['unavailable']);
  drop.accounts.findAccount = findAccount;
  // What comes too late is heard by nobody, and breaks nothing.
  asked.reject(new Error('too late'));
  await using client = await drop.connect();
  expect(await client.list('/')).toEqual(['data', 'receipts']);
});

test.skipIf(!isInstalled('sftp'))(
  'a tenant whose sessions are all in use is told so (skipped where sftp is not installed)',
  async () => {
    await using drop = await startFixture({ limits: { sessionsPerTenant: 1 } });
    await using _client = await drop.connect();
    const { output } = await sftp(drop, 'ls\n');
    expect(output).toContain(FAREWELLS.tooManySessions.sentence);
    expect(drop.accounts.audit.at(-1)).toMatchObject({ detail: { reasons: ['too_many_sessions'] } });
  },
);

test('a tenant has so many sessions and no more; another tenant still gets in', async () => {
  await using drop = await startFixture({ limits: { sessionsPerTenant: 2 } });
  drop.addUser({ username: 'acme2-push', tenantId: 'acme2' });
  await using _one = await drop.connect();
  const two = await drop.connect();
  await refused(drop.connect());
  await using _stranger = await drop.connect({ username: 'acme2-push' });
  await two.kill();
  await until(() => drop.server.sessionCount() === 2);
  await using _three = await drop.connect();
});

test('a connection has so many channels and no more', async () => {
  await using drop = await startFixture({ limits: { channelsPerConnection: 2 } });
  await using client = await drop.connect();
  const open = () =>
    new Promise((resolve, reject) =>
      client.ssh.sftp((error, sftp) => (error ? reject(error) : resolve(sftp))),
    );
  await open();
  await refused(open());
  expect(await client.list('/')).toEqual(['data', 'receipts']);
});

test.skipIf(!isInstalled('ssh'))(
  'SHA-1 signatures, SHA-1 MACs, SHA-1 key exchange and CBC are not offered (skipped where ssh is not installed)',
  async () => {
    await using drop = await startFixture();
    const weak = [
      ['-o', 'HostKeyAlgorithms=ssh-rsa'],
      ['-o', 'MACs=hmac-sha1', '-o', 'Ciphers=aes128-ctr'],
      ['-o', 'Ciphers=aes128-cbc'],
      ['-o', 'KexAlgorithms=diffie-hellman-group14-sha1'],
    ];
    for (const options of weak) {
      const ran = await run('ssh', [
        ...SSH_OPTIONS,
        ...options,
        '-i',
        drop.keyPath,
        '-p',
        String(drop.port),
        'acme-push@127.0.0.1',
      ]);
      expect(ran.code).toBe(255);
      expect(ran.output).not.toContain('SFTP only');
    }
    await using _client = await drop.connect();
    for (const algorithm of ['rsa-sha2-256', 'rsa-sha2-512', 'ecdsa-sha2-nistp256', 'ssh-ed25519']) {
      expect(await sftp(drop, 'ls\n', ['-o', `HostKeyAlgorithms=${algorithm}`]), algorithm).toMatchObject({
        code: 0,
      });
    }
  },
);

test('canRead none lists names and sizes and gives no bytes; receipts gives receipts only', async () => {
  await using drop = await startFixture();
  drop.drop.receipts.set('acme/a.wav.json', Buffer.from('{"state":"received"}'));
  drop.addUser({ username: 'acme-blind', canRead: 'none' });
  drop.addUser({ username: 'acme-receipts', canRead: 'receipts' });
  await using client = await drop.connect();
  await client.put('a.wav', 'secret');
  await client.put('a.tmp', 'partial');
  expect((await client.get('/receipts/a.wav.json')).toString()).toBe('{"state":"received"}');
  expect((await client.get('/a.tmp')).toString()).toBe('partial');
  for (const username of ['acme-blind', 'acme-receipts']) {
    await using reader = await drop.connect({ username });
    expect(await reader.list('/data')).toContain('a.wav');
    expect(await reader.list('/receipts')).toEqual(['a.wav.json']);
    expect((await reader.stat('a.wav')).size).toBe(6);
    expect(await statusOf(reader.get('a.wav'))).toBe(3);
    expect(await statusOf(reader.get('a.tmp'))).toBe(3);
    expect(await statusOf(reader.get('/receipts/a.wav.json'))).toBe(
      username === 'acme-blind' ? 3 : 'no error',
    );
    const handle = await reader.open(`${username}.wav`, 'w+');
    await reader.write(handle, 'x', 0);
    const read = reader.do((sftp, done) =>
      sftp.read(handle, Buffer.alloc(1), 0, 1, 0, (error) => done(error)),
    );
    expect(await statusOf(read)).toBe(3);
    await reader.close(handle);
    expect(await drop.contentOf(`${username}.wav`)).toBe('x');
  }
});
