import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sweepPartials } from '../src/index.ts';
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
