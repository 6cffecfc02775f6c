import { cp, mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readYoungestClock, sweepPartials } from '../src/index.ts';
import { startFixture, until } from './fixture.ts';

const WEEK_MS = 7 * 86_400_000;

test('case 58: a partial is removed after 7 days, judged by when it was last touched and not by its own time', async () => {
  await using drop = await startFixture();
  const client = await drop.connect();
  const handle = await client.open('58.wav', 'w');
  await client.write(handle, 'half', 0);
  await client.do((sftp, done) =>
    sftp.fsetstat(handle, { atime: 1_000_000_000, mtime: 1_000_000_000 }, done),
  );
  await client.kill();
  await until(async () => (await drop.spooled()).some((path) => path.includes('partials')));
  const nowMs = Date.now();
  const { spoolDir } = drop;
  expect(await sweepPartials({ spoolDir, olderThanMs: WEEK_MS, nowMs: nowMs + WEEK_MS - 60_000 })).toBe(0);
  expect(await sweepPartials({ spoolDir, olderThanMs: WEEK_MS, nowMs: nowMs + WEEK_MS + 60_000 })).toBe(1);
  expect(await drop.spooled()).toEqual([]);
});

test.each([
  ['the host', { hostAheadMs: 8 * 86_400_000, databaseAheadMs: 0 }],
  ['the database', { hostAheadMs: 0, databaseAheadMs: 8 * 86_400_000 }],
  ['both of them', { hostAheadMs: 8 * 86_400_000, databaseAheadMs: 8 * 86_400_000 }],
])(
  'no partial is removed because the clock of %s is 8 days ahead',
  async (_who, { hostAheadMs, databaseAheadMs }) => {
    await using drop = await startFixture();
    await using client = await drop.connect();
    await client.put('whole.wav.part', 'whole');
    const { spoolDir } = drop;
    const ahead = (ms: number) => new Date(Date.now() + ms);
    const now = await readYoungestClock({
      spoolDir,
      hostNow: ahead(hostAheadMs),
      databaseNow: ahead(databaseAheadMs),
    });
    expect(await sweepPartials({ spoolDir, olderThanMs: WEEK_MS, nowMs: now.getTime() })).toBe(0);
    expect((await client.stat('whole.wav.part')).size).toBe(5);
  },
);

test('case 58: the sweep leaves uploads under way alone', async () => {
  await using drop = await startFixture();
  await using client = await drop.connect();
  const handle = await client.open('now.wav', 'w');
  await client.write(handle, 'x', 0);
  expect(
    await sweepPartials({ spoolDir: drop.spoolDir, olderThanMs: WEEK_MS, nowMs: Date.now() + 2 * WEEK_MS }),
  ).toBe(0);
  await client.close(handle);
  expect(await drop.contentOf('now.wav')).toBe('x');
});

test('what a crashed server was writing can be continued after the restart', async () => {
  const spoolDir = await mkdtemp(join(tmpdir(), 'callbay-crashed-'));
  try {
    // A process id that no process has: beyond the largest that Linux gives.
    const crashed = join(spoolDir, 'writing', '4194305-abc', 'acme');
    await mkdir(join(crashed, 'one'), { recursive: true });
    await mkdir(join(crashed, 'two'), { recursive: true });
    await writeFile(join(crashed, 'one', 'crash.wav'), 'older');
    await utimes(join(crashed, 'one', 'crash.wav'), 5, 5);
    await writeFile(join(crashed, 'two', 'empty.wav'), '');
    await using drop = await startFixture({ spoolDir });
    await using client = await drop.connect();
    expect((await client.stat('crash.wav')).size).toBe(5);
    expect(await client.list('/data')).toEqual(['crash.wav', 'processed', 'rejected']);
    await client.do((sftp, done) => sftp.unlink('crash.wav', done));
    expect(await drop.spooled()).toEqual([]);
  } finally {
    await rm(spoolDir, { recursive: true, force: true });
  }
});

test('a name of 255 bytes that a crashed server was writing can be continued after the restart', async () => {
  const spoolDir = await mkdtemp(join(tmpdir(), 'callbay-crashed-'));
  const name = `${'n'.repeat(251)}.wav`;
  try {
    const before = await startFixture({ spoolDir });
    const writer = await before.connect();
    const handle = await writer.open(name, 'w');
    await writer.write(handle, 'half', 0);
    const [path = ''] = await before.spooled();
    // As a kill leaves it: a later process finds the folder of a process id that no process has.
    const crashed = join(spoolDir, 'writing', '4194305-abc', 'acme', '1');
    await mkdir(crashed, { recursive: true });
    await cp(path, join(crashed, name));
    await writer.kill();
    await before[Symbol.asyncDispose]();
    await using after = await startFixture({ spoolDir });
    await using client = await after.connect();
    expect((await client.stat(name)).size).toBe(4);
  } finally {
    await rm(spoolDir, { recursive: true, force: true });
  }
});

test('uploads one after the other use one folder of the spool, and uploads at once never share one', async () => {
  await using drop = await startFixture();
  await using client = await drop.connect();
  const foldersOfWriters = async () => {
    const [writer = ''] = await readdir(join(drop.spoolDir, 'writing'));
    return readdir(join(drop.spoolDir, 'writing', writer, 'acme'));
  };
  for (const name of ['1.wav', '2.wav', '3.wav']) await client.put(name, 'x');
  expect(await foldersOfWriters()).toHaveLength(1);
  const [one, two] = [await client.open('same.wav', 'w'), await client.open('same.wav', 'w')];
  await client.write(one, 'one', 0);
  await client.write(two, 'twofold', 0);
  expect(await foldersOfWriters()).toHaveLength(2);
  await client.close(two);
  await client.close(one);
  expect(drop.drop.files.slice(-2).map(({ sizeBytes }) => sizeBytes)).toEqual([7, 3]);
  expect(await drop.spooled()).toEqual([]);
});

test('a file that is read while its CLOSE is under way is read whole', async () => {
  const stored = Promise.withResolvers<void>();
  const mayGoOn = Promise.withResolvers<void>();
  await using drop = await startFixture({
    wrapBlobs: (blobs) => ({
      ...blobs,
      put: async (...file) => {
        const key = await blobs.put(...file);
        stored.resolve();
        await mayGoOn.promise;
        return key;
      },
    }),
  });
  await using client = await drop.connect();
  const handle = await client.open('read.wav', 'w');
  await client.write(handle, 'whole', 0);
  const closed = client.close(handle);
  await stored.promise;
  const read = client.get('read.wav');
  // Answered out of the order of paths: the OPEN has arrived by then.
  await client.do((sftp, done) => sftp.ext_openssh_statvfs('/', done));
  mayGoOn.resolve();
  expect((await read).toString()).toBe('whole');
  await closed;
});
