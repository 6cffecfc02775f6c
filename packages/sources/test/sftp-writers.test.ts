import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startFixture } from './fixture.ts';

let spoolDir: string;
beforeEach(async () => {
  spoolDir = await mkdtemp(join(tmpdir(), 'callbay-writers-'));
});
afterEach(() => rm(spoolDir, { recursive: true, force: true }));

/** A process that has begun an upload of acme, `live.wav`, and waits. */
async function startWriter(command: readonly string[]): Promise<ChildProcess> {
  const [program = '', ...args] = [...command, process.execPath, join(import.meta.dirname, 'hold-upload.ts')];
  const child = spawn(program, [...args, spoolDir], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child.stdout!, 'data');
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  // Of a namespace's process, the pipe ends with the process itself.
  const gone = once(child, 'close');
  child.kill('SIGKILL');
  await gone;
}

/** As two containers on one volume have them: neither knows the other's process ids. */
const OTHER_IDS = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'];
const mayUnshare = spawnSync(OTHER_IDS[0]!, [...OTHER_IDS.slice(1), 'true']).status === 0;

describe.each([
  ['of this host', []],
  ...(mayUnshare ? [['of another container', OTHER_IDS] as [string, string[]]] : []),
])('a writer %s', (_where, command) => {
  test('keeps its upload while it lives, and a later start recovers it once it was killed', async () => {
    const writer = await startWriter(command);
    try {
      await using drop = await startFixture({ spoolDir });
      await using client = await drop.connect();
      expect(await client.list('/data')).toEqual(['processed', 'rejected']);
    } finally {
      await kill(writer);
    }
    await using drop = await startFixture({ spoolDir });
    await using client = await drop.connect();
    expect((await client.stat('live.wav')).size).toBe(4);
  });
});

test.skipIf(mayUnshare)(
  'namespaces of processes are not permitted here: other containers are untested',
  () => {
    expect(mayUnshare).toBe(false);
  },
);

test('a dead writer is recovered though another process has its process id now', async () => {
  const folder = join(spoolDir, 'writing', `${process.ppid}-abc`, 'acme', '1');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'crash.wav'), 'half');
  await using drop = await startFixture({ spoolDir });
  await using client = await drop.connect();
  expect((await client.stat('crash.wav')).size).toBe(4);
});

test('two servers of one process on one spool leave each other alone, and no lock stays behind', async () => {
  {
    await using one = await startFixture({ spoolDir });
    await using client = await one.connect();
    const handle = await client.open('one.wav', 'w');
    await client.write(handle, 'one', 0);
    await using _two = await startFixture({ spoolDir });
    await client.close(handle);
    expect(await one.contentOf('one.wav')).toBe('one');
  }
  expect(await readdir(join(spoolDir, 'locks'))).toEqual([]);
});
