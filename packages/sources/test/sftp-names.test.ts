import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Fixture, startFixture, statusOf, type TestClient } from './fixture.ts';

const [NO_SUCH_FILE, DENIED, FAILURE] = [2, 3, 4];

describe('names and places', () => {
  let drop: Fixture;
  let client: TestClient;
  beforeAll(async () => {
    drop = await startFixture();
    client = await drop.connect();
  });
  afterAll(async () => {
    await client[Symbol.asyncDispose]();
    await drop[Symbol.asyncDispose]();
  });

  test.each([
    '../x',
    '/data/../x',
    'a\0b',
    'a\nb.wav',
    `${'n'.repeat(256)}`,
    'a\\b',
    ' a.wav',
    'data/../../x',
    '..',
  ])('case 11: OPEN of %j is refused and creates nothing', async (name) => {
    const before = drop.drop.files.length;
    expect(await statusOf(client.open(name, 'w'))).toBe(DENIED);
    expect(drop.drop.files).toHaveLength(before);
    expect(await drop.spooled()).toEqual([]);
  });

  test('a refused name leaves one receipt that says why, under a name that can be shown', async () => {
    await using user = await drop.connect();
    const before = drop.drop.refusals.length;
    for (const name of ['sub/b.wav', 'sub/b.wav', 'c\nd.wav', '..', '/receipts/e.json'])
      expect(await statusOf(user.open(name, 'w'))).toBe(DENIED);
    expect(drop.drop.refusals.slice(before)).toMatchObject([
      { name: 'b.wav', code: 'NAME_INVALID', message: expect.stringContaining('Folders') },
      { name: 'c_d.wav', code: 'NAME_INVALID', message: expect.stringContaining('control') },
      { name: 'e.json', code: 'NAME_INVALID', message: expect.stringContaining('read-only') },
    ]);
  });

  test('case 11: a name in bytes that are no UTF-8 is refused', async () => {
    expect(await statusOf(client.open('caf\uFFFD.wav', 'w'))).toBe(DENIED);
  });

  test('a name of 255 bytes and one in any script are taken', async () => {
    const long = `${'n'.repeat(251)}.wav`;
    await client.put(long, 'x');
    await client.put('приветé日本.wav', 'y');
    expect(await drop.contentOf(long)).toBe('x');
    expect(await drop.contentOf('приветé日本.wav')).toBe('y');
  });

  test.each([
    '.filepart',
    '.part',
    '.partial',
    '.tmp',
    '.uploading',
    '.writing',
    '.upload',
    '.inprogress',
    '.ocTransferId39.part',
  ])('case 13: a name ending in %s is stored and only RENAME to a real name receives it', async (suffix) => {
    const name = `13${suffix.slice(1)}.wav`;
    await client.put(`${name}${suffix}`, 'whole');
    expect(drop.drop.files.some((file) => file.name.startsWith(name))).toBe(false);
    expect((await client.stat(`${name}${suffix}`)).size).toBe(5);
    expect(await client.list('/data')).toContain(`${name}${suffix}`);
    await client.do((sftp, done) => sftp.rename(`${name}${suffix}`, name, done));
    expect(await drop.contentOf(name)).toBe('whole');
    expect(await statusOf(client.stat(`${name}${suffix}`))).toBe(NO_SUCH_FILE);
  });

  test('case 13: a dot file is stored and never received', async () => {
    await client.put('.hidden.wav', 'x');
    expect(drop.drop.files.some((file) => file.name.includes('hidden'))).toBe(false);
    await client.do((sftp, done) => sftp.unlink('.hidden.wav', done));
    expect(await drop.spooled()).toEqual([]);
  });

  test('case 13: posix-rename completes a temporary name too, times kept', async () => {
    const handle = await client.open('13posix.wav.tmp', 'w');
    await client.write(handle, 'abc', 0);
    await client.do((sftp, done) =>
      sftp.fsetstat(handle, { atime: 1_000_000_000, mtime: 1_000_000_000 }, done),
    );
    await client.close(handle);
    await client.do((sftp, done) => sftp.ext_openssh_rename('13posix.wav.tmp', '13posix.wav', done));
    const file = drop.drop.files.find(({ name }) => name === '13posix.wav');
    expect(file?.modifiedAt.getTime()).toBe(1_000_000_000_000);
  });

  test.each(['/data/sub', '/sub', 'sub', '/data/a/b', '/receipts/x'])(
    'case 92: MKDIR of %s is PERMISSION_DENIED with a sentence',
    async (path) => {
      const refused = client.do((sftp, done) => sftp.mkdir(path, done));
      expect(await statusOf(refused)).toBe(DENIED);
      await expect(refused).rejects.toThrow(/\w+ \w+ \w+/);
    },
  );

  test.each(['/', '/data', '/receipts', '/data/processed', '/data/rejected'])(
    'case 92: %s always exists, is a folder, and MKDIR of it fails as OpenSSH does',
    async (path) => {
      expect((await client.stat(path)).isDirectory()).toBe(true);
      expect(await statusOf(client.do((sftp, done) => sftp.mkdir(path, done)))).toBe(FAILURE);
      expect(await statusOf(client.do((sftp, done) => sftp.rmdir(path, done)))).toBe(DENIED);
    },
  );

  test('case 109: every operation on /x means /data/x', async () => {
    await client.put('/109.wav.filepart', 'root');
    expect((await client.stat('/data/109.wav.filepart')).size).toBe(4);
    await client.do((sftp, done) => sftp.rename('/109.wav.filepart', '/data/109.wav', done));
    expect(await drop.contentOf('109.wav')).toBe('root');
    expect((await client.stat('/109.wav')).size).toBe(4);
    expect((await client.get('/109.wav')).toString()).toBe('root');
    await client.do((sftp, done) => sftp.rename('/109.wav', '/109b.wav', done));
    expect((await client.stat('/data/109b.wav')).size).toBe(4);
    await client.do((sftp, done) => sftp.unlink('/109b.wav', done));
    expect(await statusOf(client.stat('/data/109b.wav'))).toBe(NO_SUCH_FILE);
  });

  test('a session starts in /data, and .. leads up to the root and no further', async () => {
    const real = (path: string) =>
      new Promise((resolve, reject) =>
        client.sftp.realpath(path, (error, found) => (error ? reject(error) : resolve(found))),
      );
    expect(await real('.')).toBe('/data');
    expect(await real('..')).toBe('/');
    expect(await real('../../..')).toBe('/');
    expect(await real('/x')).toBe('/data/x');
    expect(await real('/processed')).toBe('/data/processed');
    expect(await real('receipts')).toBe('/data/receipts');
  });

  test('links are refused', async () => {
    expect(await statusOf(client.do((sftp, done) => sftp.symlink('/data/a', '/data/b', done)))).toBe(DENIED);
  });

  test('processed, rejected and receipts are read-only', async () => {
    for (const path of [
      '/data/processed/a.wav',
      '/data/rejected/a.wav',
      '/receipts/a.wav.json',
      '/data',
      '/',
    ]) {
      expect(await statusOf(client.open(path, 'w'))).toBe(DENIED);
      expect(await statusOf(client.do((sftp, done) => sftp.unlink(path, done)))).toBe(DENIED);
      expect(await statusOf(client.do((sftp, done) => sftp.rename('/data/z.wav', path, done)))).toBe(DENIED);
    }
  });

  test('a path below a file is no place to write', async () => {
    expect(await statusOf(client.open('/data/sub/a.wav', 'w'))).toBe(DENIED);
    expect(await statusOf(client.stat('/data/sub/a.wav'))).toBe(NO_SUCH_FILE);
  });
});

test('case 13: the names that a tenant set for uploads under way are those of its own users alone', async () => {
  await using drop = await startFixture({ account: { temporaryNames: ['*.busy'] } });
  drop.addUser({ username: 'acme2-push', tenantId: 'acme2' });
  await using client = await drop.connect();
  await using other = await drop.connect({ username: 'acme2-push' });
  await client.put('own.wav.busy', 'whole');
  await other.put('own.wav.busy', 'whole');
  expect(drop.drop.files.map(({ tenantId, name }) => ({ tenantId, name }))).toEqual([
    { tenantId: 'acme2', name: 'own.wav.busy' },
  ]);
  await client.put('part.wav.part', 'taken as it is');
  expect(await drop.contentOf('part.wav.part')).toBe('taken as it is');
  await client.do((sftp, done) => sftp.rename('own.wav.busy', 'still.wav.busy', done));
  await client.do((sftp, done) => sftp.rename('still.wav.busy', 'own.wav', done));
  expect(await drop.contentOf('own.wav')).toBe('whole');
});

test('a rejected name becomes a real one by RENAME for 24 h, and nothing else finds the file', async () => {
  await using drop = await startFixture();
  await using client = await drop.connect();
  const startedMs = Date.now();
  drop.drop.nowMs = () => startedMs;
  await client.put('late.wav.xfer', 'whole');
  drop.drop.move('late.wav.xfer', 'rejected');
  drop.drop.nowMs = () => startedMs + 24 * 3_600_000;
  expect(await statusOf(client.stat('late.wav.xfer'))).toBe(NO_SUCH_FILE);
  const toTemporary = client.do((sftp, done) => sftp.rename('late.wav.xfer', 'late.wav.tmp', done));
  expect(await statusOf(toTemporary)).toBe(NO_SUCH_FILE);
  await client.do((sftp, done) => sftp.rename('late.wav.xfer', 'late.wav', done));
  expect(await drop.contentOf('late.wav')).toBe('whole');
  drop.drop.nowMs = () => startedMs + 24 * 3_600_000 + 1;
  const tooLate = client.do((sftp, done) => sftp.rename('late.wav.xfer', 'later.wav', done));
  expect(await statusOf(tooLate)).toBe(NO_SUCH_FILE);
});
