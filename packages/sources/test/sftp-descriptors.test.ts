import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isInstalled } from './commands.ts';
import { startFixture } from './fixture.ts';

/** This process may then open files up to this number, as `ulimit -n` sets it. */
function limitDescriptors(soft: number | 'unlimited'): void {
  const { status } = spawnSync('prlimit', ['--pid', `${process.pid}`, `--nofile=${soft}:`], {
    stdio: 'ignore',
  });
  if (status !== 0) throw new Error(`prlimit ended with ${status}`);
}

const softLimit = (): number =>
  Number(
    spawnSync('prlimit', ['--pid', `${process.pid}`, '--nofile', '--output=SOFT', '--noheadings'])
      .stdout.toString()
      .trim(),
  );

/** The limit under which so many files may still be opened: each takes the lowest number that is free. */
function limitLeaving(count: number): number {
  const taken = new Set(readdirSync('/proc/self/fd').map(Number));
  let limit = 0;
  for (let left = count; left > 0; limit += 1) if (!taken.has(limit)) left -= 1;
  return limit;
}

test.skipIf(!isInstalled('prlimit'))(
  'a host that may open no more files says so, counts it, and goes on once it may (skipped without prlimit)',
  async () => {
    let counted = 0;
    await using drop = await startFixture({ metrics: { descriptorsExhausted: () => (counted += 1) } });
    await using client = await drop.connect();
    const before = softLimit();
    const open: Buffer[] = [];
    limitDescriptors(limitLeaving(12));
    let refusal: { code?: unknown; message?: string } | null = null;
    try {
      for (let index = 0; index < 100 && refusal === null; index += 1) {
        await client.open(`${index}.wav`, 'w').then(
          (handle) => open.push(handle),
          (error: { code?: unknown; message?: string }) => {
            refusal = error;
          },
        );
      }
    } finally {
      // Starting prlimit takes descriptors too. A CLOSE opens a folder, and may be refused for the same reason.
      for (const handle of open) await client.close(handle).catch(() => {});
      limitDescriptors(before);
    }
    expect(refusal).toMatchObject({
      code: 4,
      message: 'The server has too many files open. Try again in a minute.',
    });
    expect(counted).toBeGreaterThan(0);
    await client.put('later.wav', 'x');
    expect(await drop.contentOf('later.wav')).toBe('x');
  },
);
