import { CallbayError } from '@callbay/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MAX_FILE_BYTES } from '../src/index.ts';
import { type Fixture, startFixture, statusOf, until } from './fixture.ts';

const [NO_SUCH_FILE, FAILURE] = [2, 4];
const [WRITE, APPEND, CREAT, TRUNC, EXCL] = [2, 4, 8, 16, 32];

test('a file whose bytes were swept away before its row was there is not acknowledged', async () => {
  let isSwept = true;
  await using drop = await startFixture({
    wrapBlobs: (blobs) => ({
      ...blobs,
      put: async (...args) => {
        const key = await blobs.put(...args);
        if (isSwept) await blobs.remove(args[0], key);
        return key;
      },
    }),
  });
  await using client = await drop.connect();
  expect(await statusOf(client.put('swept.wav', 'abc'))).toBe(FAILURE);
  isSwept = false;
  await client.put('swept.wav', 'abc');
  expect(await drop.contentOf('swept.wav')).toBe('abc');
});

describe('uploads', () => {
  let drop: Fixture;
  beforeAll(async () => {
    drop = await startFixture();
  });
  afterAll(() => drop[Symbol.asyncDispose]());

  const received = (name: string) => drop.drop.files.filter((file) => file.name === name);

  test('case 25: OPEN and CLOSE without a write receive an empty file', async () => {
    await using client = await drop.connect();
    await client.put('25.wav', '');
    expect(received('25.wav')).toMatchObject([{ sizeBytes: 0 }]);
  });

  test('OPEN and CLOSE of a stored file without a write receive nothing', async () => {
    await using client = await drop.connect();
    await client.put('touch.wav', 'abc');
    await client.close(await client.open('touch.wav', WRITE));
    await client.close(await client.open('touch.wav', WRITE | CREAT));
    expect(received('touch.wav')).toHaveLength(1);
    expect(await drop.spooled()).toEqual([]);
  });

  test('OPEN without CREAT of what is not there is NO_SUCH_FILE; with EXCL of what is there FAILURE', async () => {
    await using client = await drop.connect();
    expect(await statusOf(client.open('never.wav', WRITE))).toBe(NO_SUCH_FILE);
    await client.put('excl.wav', 'x');
    expect(await statusOf(client.open('excl.wav', WRITE | CREAT | EXCL))).toBe(FAILURE);
    expect(await statusOf(client.open('excl.wav', WRITE | CREAT | TRUNC | EXCL))).toBe(FAILURE);
    await client.close(await client.open('excl-new.wav', WRITE | CREAT | EXCL));
    expect(received('excl-new.wav')).toHaveLength(1);
  });

  test('case 24: a file of exactly 2^31 bytes is accepted', async () => {
    await using client = await drop.connect();
    const handle = await client.open('24-exact.wav', 'w');
    await client.write(handle, 'x', MAX_FILE_BYTES - 1);
    await client.close(handle);
    expect(received('24-exact.wav')).toMatchObject([{ sizeBytes: MAX_FILE_BYTES }]);
    expect((await client.stat('24-exact.wav')).size).toBe(MAX_FILE_BYTES);
  });

  test('case 24: one byte more fails at that write, leaves nothing and has a receipt', async () => {
    await using client = await drop.connect();
    const handle = await client.open('24-over.wav', 'w');
    await client.write(handle, 'fine', 0);
    expect(await statusOf(client.write(handle, 'xy', MAX_FILE_BYTES - 1))).toBe(FAILURE);
    await until(() => drop.drop.refusals.length > 0);
    expect(drop.drop.refusals).toEqual([
      { tenantId: 'acme', name: '24-over.wav', sizeBytes: MAX_FILE_BYTES + 1, code: 'TOO_LARGE' },
    ]);
    expect(await statusOf(client.write(handle, 'z', 0))).toBe(FAILURE);
    expect(await statusOf(client.close(handle))).toBe(FAILURE);
    expect(received('24-over.wav')).toEqual([]);
    expect(await drop.spooled()).toEqual([]);
    expect(drop.drop.refusals).toHaveLength(1);
  });

  test('case 24: a size set over 2^31 is refused like the write, and so are absurd offsets', async () => {
    await using client = await drop.connect();
    const handle = await client.open('24-set.wav', 'w');
    expect(
      await statusOf(client.do((sftp, done) => sftp.fsetstat(handle, { size: MAX_FILE_BYTES + 1 }, done))),
    ).toBe(FAILURE);
    expect(await statusOf(client.close(handle))).toBe(FAILURE);
    const other = await client.open('24-far.wav', 'w');
    expect(await statusOf(client.write(other, 'x', 2 ** 53))).toBe(FAILURE);
    expect(await statusOf(client.close(other))).toBe(FAILURE);
    expect(received('24-set.wav')).toEqual([]);
    expect(received('24-far.wav')).toEqual([]);
  });

  test('case 89: a client killed mid-upload leaves nothing received, and continuing it makes one file', async () => {
    const killed = await drop.connect();
    const handle = await killed.open('89.wav', 'w');
    await killed.write(handle, 'first half, ', 0);
    await killed.kill();
    await until(async () => (await drop.spooled()).some((path) => path.includes('partials')));
    expect(received('89.wav')).toEqual([]);
    await using client = await drop.connect();
    const { size } = await client.stat('89.wav');
    expect(size).toBe(12);
    const again = await client.open('89.wav', WRITE | APPEND | CREAT);
    await client.write(again, 'second half', size);
    await client.close(again);
    expect(received('89.wav')).toHaveLength(1);
    expect(await drop.contentOf('89.wav')).toBe('first half, second half');
    expect(await drop.spooled()).toEqual([]);
  });

  test('case 89: an upload that had all its bytes is whole once it is opened again and closed', async () => {
    const killed = await drop.connect();
    await killed.write(await killed.open('89-all.wav', 'w'), 'all of it', 0);
    await killed.kill();
    await until(async () => (await drop.spooled()).some((path) => path.includes('partials')));
    await using client = await drop.connect();
    await client.close(await client.open('89-all.wav', WRITE | CREAT));
    expect(await drop.contentOf('89-all.wav')).toBe('all of it');
  });

  test('a put over a broken upload starts anew and leaves nothing of it', async () => {
    const killed = await drop.connect();
    await killed.write(await killed.open('anew.wav', 'w'), 'broken and long', 0);
    await killed.kill();
    await until(async () => (await drop.spooled()).some((path) => path.includes('partials')));
    await using client = await drop.connect();
    await client.put('anew.wav', 'whole');
    expect(await drop.contentOf('anew.wav')).toBe('whole');
    expect((await client.stat('anew.wav')).size).toBe(5);
    expect(await drop.spooled()).toEqual([]);
  });

  test('case 89: an upload that breaks after a put of its name began leaves nothing to continue', async () => {
    const slow = await drop.connect();
    await slow.write(await slow.open('89-late.wav', 'w'), 'broken and long', 0);
    await using client = await drop.connect();
    await client.put('89-late.wav', 'whole');
    await slow.kill();
    await until(async () => (await client.stat('89-late.wav')).size === 5);
    expect(await drop.spooled()).toEqual([]);
  });

  test('case 107: an OPEN without TRUNC continues a stored file as a new one; the earlier stays whole', async () => {
    await using client = await drop.connect();
    await client.put('107.wav', 'interrupted');
    const handle = await client.open('107.wav', WRITE | CREAT | APPEND);
    await client.write(handle, ' and continued', 11);
    await client.close(handle);
    const [first, second] = received('107.wav');
    expect((await drop.bytesOf(first!)).toString()).toBe('interrupted');
    expect((await drop.bytesOf(second!)).toString()).toBe('interrupted and continued');
  });

  test('case 107: an OPEN without TRUNC on a file that has ended starts empty', async () => {
    await using client = await drop.connect();
    await client.put('107-ended.wav', 'long ago');
    drop.drop.move('107-ended.wav', 'processed');
    drop.drop.files.at(-1)!.receivedMs -= 61_000;
    const handle = await client.open('107-ended.wav', WRITE | CREAT);
    await client.write(handle, 'new', 0);
    await client.close(handle);
    expect(await drop.contentOf('107-ended.wav')).toBe('new');
  });

  test('case 108: one name by two sessions at once: each whole, the later close wins', async () => {
    await using one = await drop.connect();
    await using two = await drop.connect();
    const first = await one.open('108.wav', 'w');
    const second = await two.open('108.wav', 'w');
    await one.write(first, 'aaaa', 0);
    await two.write(second, 'bb', 0);
    await one.write(first, 'aaaa', 4);
    await two.write(second, 'bb', 2);
    await two.close(second);
    await one.close(first);
    const contents = await Promise.all(
      received('108.wav').map(async (file) => String(await drop.bytesOf(file))),
    );
    expect(contents).toEqual(['bbbb', 'aaaaaaaa']);
  });

  test('case 108: closes sent together end in the order they were sent', async () => {
    await using client = await drop.connect();
    const handles = [
      await client.open('108b.wav', 'w'),
      await client.open('108b.wav', 'w'),
      await client.open('108b.wav', 'w'),
    ];
    await client.write(handles[0]!, Buffer.alloc(4_000_000, 'a'), 0);
    await client.write(handles[1]!, 'b', 0);
    await client.write(handles[2]!, 'c', 0);
    await Promise.all(handles.map((handle) => client.close(handle)));
    expect(received('108b.wav').map(({ sizeBytes }) => sizeBytes)).toEqual([4_000_000, 1, 1]);
    expect(await drop.contentOf('108b.wav')).toBe('c');
  });

  test('case 108: two writers without TRUNC of one broken upload do not share bytes', async () => {
    const killed = await drop.connect();
    await killed.write(await killed.open('108c.wav', 'w'), '0123', 0);
    await killed.kill();
    await until(async () => (await drop.spooled()).some((path) => path.includes('partials')));
    await using client = await drop.connect();
    const one = await client.open('108c.wav', WRITE | CREAT);
    const two = await client.open('108c.wav', WRITE | CREAT);
    await client.write(one, 'one', 4);
    await client.write(two, 'two!', 4);
    await client.close(one);
    await client.close(two);
    const contents = await Promise.all(
      received('108c.wav').map(async (file) => String(await drop.bytesOf(file))),
    );
    expect(contents).toEqual(['0123one', '0123two!']);
  });

  test('writes in any order make the file, and it can be read back through the same handle', async () => {
    await using client = await drop.connect();
    const handle = await client.open('random.wav', 'w+');
    await Promise.all([
      client.write(handle, 'cc', 4),
      client.write(handle, 'aa', 0),
      client.write(handle, 'bb', 2),
    ]);
    const buffer = Buffer.alloc(6);
    await client.do((sftp, done) => sftp.read(handle, buffer, 0, 6, 0, (error) => done(error)));
    expect(buffer.toString()).toBe('aabbcc');
    await client.do((sftp, done) => sftp.fsetstat(handle, { size: 4 }, done));
    await client.do((sftp, done) => sftp.ext_openssh_fsync(handle, done));
    await client.close(handle);
    expect(await drop.contentOf('random.wav')).toBe('aabb');
  });

  test('times set before CLOSE and after it are kept', async () => {
    await using client = await drop.connect();
    const handle = await client.open('times.wav', 'w');
    await client.write(handle, 'x', 0);
    await client.do((sftp, done) =>
      sftp.fsetstat(handle, { atime: 1_500_000_000, mtime: 1_500_000_000 }, done),
    );
    await client.close(handle);
    expect((await client.stat('times.wav')).mtime).toBe(1_500_000_000);
    await client.do((sftp, done) =>
      sftp.setstat('times.wav', { atime: 1_600_000_000, mtime: 1_600_000_000 }, done),
    );
    expect((await client.stat('times.wav')).mtime).toBe(1_600_000_000);
    await client.do((sftp, done) => sftp.chmod('times.wav', 0o600, done));
    await client.do((sftp, done) => sftp.chown('times.wav', 5, 5, done));
    expect(received('times.wav')).toHaveLength(1);
  });

  test('a size set by name makes a new version of a stored file', async () => {
    await using client = await drop.connect();
    await client.put('cut.wav', '0123456789');
    await client.do((sftp, done) => sftp.setstat('cut.wav', { size: 10 } as never, done));
    expect(received('cut.wav')).toHaveLength(1);
    await client.do((sftp, done) => sftp.setstat('cut.wav', { size: 4 } as never, done));
    expect(await drop.contentOf('cut.wav')).toBe('0123');
  });

  test('a file removed while it is written is not received', async () => {
    await using client = await drop.connect();
    const handle = await client.open('gone.wav', 'w');
    await client.write(handle, 'x', 0);
    await client.do((sftp, done) => sftp.unlink('gone.wav', done));
    expect(await statusOf(client.close(handle))).toBe(FAILURE);
    expect(received('gone.wav')).toEqual([]);
    expect(await drop.spooled()).toEqual([]);
  });

  test('case 59: removing a file that has not ended withdraws it; one that has ended stays', async () => {
    await using client = await drop.connect();
    await client.put('59.wav', 'x');
    await client.do((sftp, done) => sftp.unlink('59.wav', done));
    expect(received('59.wav')).toMatchObject([{ isWithdrawn: true }]);
    expect(await statusOf(client.stat('59.wav'))).toBe(NO_SUCH_FILE);
    expect(await statusOf(client.do((sftp, done) => sftp.unlink('59.wav', done)))).toBe(NO_SUCH_FILE);
    await client.put('59-ended.wav', 'x');
    drop.drop.move('59-ended.wav', 'processed');
    expect(await statusOf(client.do((sftp, done) => sftp.unlink('59-ended.wav', done)))).toBe(3);
    expect(await statusOf(client.do((sftp, done) => sftp.unlink('/data/processed/59-ended.wav', done)))).toBe(
      3,
    );
  });

  test('renaming a stored file receives it under the new name and withdraws the old one', async () => {
    await using client = await drop.connect();
    await client.put('old.wav', 'same');
    await client.put('new.wav', 'earlier version');
    await client.do((sftp, done) => sftp.rename('old.wav', 'new.wav', done));
    expect(await drop.contentOf('new.wav')).toBe('same');
    expect(received('old.wav')).toMatchObject([{ isWithdrawn: true }]);
    expect(await statusOf(client.stat('old.wav'))).toBe(NO_SUCH_FILE);
    await client.do((sftp, done) => sftp.rename('new.wav', 'new.wav.part', done));
    expect(received('new.wav').at(-1)).toMatchObject({ isWithdrawn: true });
    expect((await client.stat('new.wav.part')).size).toBe(4);
    await client.put('other.part', 'x');
    expect(await statusOf(client.do((sftp, done) => sftp.rename('other.part', 'new.wav.part', done)))).toBe(
      FAILURE,
    );
    await client.do((sftp, done) => sftp.ext_openssh_rename('other.part', 'new.wav.part', done));
    expect((await client.stat('new.wav.part')).size).toBe(1);
    expect(await statusOf(client.do((sftp, done) => sftp.rename('absent.wav', 'x.wav', done)))).toBe(
      NO_SUCH_FILE,
    );
    await client.do((sftp, done) => sftp.unlink('new.wav.part', done));
  });

  test('case 91: for 60 s any session of the tenant finds, dates, renames and rewrites what it closed', async () => {
    await using client = await drop.connect();
    await client.put('91.wav', 'moved on');
    drop.drop.move('91.wav', 'processed');
    drop.addUser({ username: 'acme-other' });
    await using other = await drop.connect({ username: 'acme-other' });
    expect((await other.stat('91.wav')).size).toBe(8);
    await other.do((sftp, done) => sftp.lstat('/91.wav', (error) => done(error)));
    await other.do((sftp, done) =>
      sftp.setstat('91.wav', { atime: 1_400_000_000, mtime: 1_400_000_000 }, done),
    );
    expect((await other.stat('/data/processed/91.wav')).mtime).toBe(1_400_000_000);
    expect(await other.list('/data')).not.toContain('91.wav');
    expect(await other.list('/data/processed')).toContain('91.wav');
    await other.do((sftp, done) => sftp.rename('91.wav', '91b.wav', done));
    expect(await drop.contentOf('91b.wav')).toBe('moved on');
    expect(received('91.wav')).toMatchObject([{ isWithdrawn: false }]);
    await client.put('91.wav', 'again');
    expect(await drop.contentOf('91.wav')).toBe('again');
  });

  test('case 91: after 60 s the name is free, and another tenant never sees it', async () => {
    await using client = await drop.connect();
    await client.put('91-late.wav', 'x');
    drop.drop.move('91-late.wav', 'rejected');
    drop.addUser({ username: 'acme2-push', tenantId: 'acme2' });
    await using stranger = await drop.connect({ username: 'acme2-push' });
    expect(await statusOf(stranger.stat('91-late.wav'))).toBe(NO_SUCH_FILE);
    expect(await stranger.list('/data')).toEqual(['processed', 'rejected']);
    drop.drop.files.at(-1)!.receivedMs -= 60_001;
    expect(await statusOf(client.stat('91-late.wav'))).toBe(NO_SUCH_FILE);
    expect((await client.stat('/data/rejected/91-late.wav')).size).toBe(1);
  });

  test('case 100: with the database away CLOSE fails, and the kept bytes are received once it is back', async () => {
    await using client = await drop.connect();
    drop.drop.failWith = new CallbayError('UNAVAILABLE');
    expect(await statusOf(client.put('100.wav', 'kept'))).toBe(FAILURE);
    drop.drop.failWith = null;
    expect(received('100.wav')).toEqual([]);
    expect((await client.stat('100.wav')).size).toBe(4);
    await client.close(await client.open('100.wav', WRITE | CREAT));
    expect(await drop.contentOf('100.wav')).toBe('kept');
    drop.queue.failWith = new Error('redis away');
    await client.put('100-queue.wav', 'x');
    drop.queue.failWith = null;
    expect(received('100-queue.wav')).toHaveLength(1);
  });

  test('256 handles and not one more', async () => {
    await using client = await drop.connect();
    const handles: Buffer[] = [];
    for (let index = 0; index < 256; index += 1) handles.push(await client.open(`many-${index}.tmp`, 'w'));
    expect(await statusOf(client.open('many-257.tmp', 'w'))).toBe(FAILURE);
    expect(await statusOf(client.close(handles[0]!))).toBe('no error');
    await client.close(await client.open('many-257.tmp', 'w'));
    expect(await statusOf(client.close(handles[0]!))).toBe(FAILURE);
  });
});
