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

  test.each(['.filepart', '.part', '.partial', '.tmp', '.uploading'])(
    'case 13: a name ending in %s is stored and only RENAME to a real name receives it',
    async (suffix) => {
      const name = `13${suffix.slice(1)}.wav`;
      await client.put(`${name}${suffix}`, 'whole');
      expect(drop.drop.files.some((file) => file.name.startsWith(name))).toBe(false);
      expect((await client.stat(`${name}${suffix}`)).size).toBe(5);
      expect(await client.list('/data')).toContain(`${name}${suffix}`);
      await client.do((sftp, done) => sftp.rename(`${name}${suffix}`, name, done));
      expect(await drop.contentOf(name)).toBe('whole');
      expect(await statusOf(client.stat(`${name}${suffix}`))).toBe(NO_SUCH_FILE);
    },
  );

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
