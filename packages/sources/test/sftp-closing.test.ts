import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FAREWELLS } from '../src/sftp/farewells.ts';
import { isInstalled, SSH_OPTIONS, sftp } from './commands.ts';
import { type Fixture, startFixture, statusOf, until } from './fixture.ts';

test('closing lets a transfer end, refuses new ones, and then ends every session', async () => {
  const drop = await startFixture();
  const idle = await drop.connect();
  const client = await drop.connect();
  const handle = await client.open('drained.wav', 'w');
  await client.write(handle, 'first ', 0);
  const idleEnded = new Promise<void>((resolve) => idle.ssh.once('close', () => resolve()));
  const ended = new Promise<void>((resolve) => client.ssh.once('close', () => resolve()));
  const closing = drop.server.close();
  await idleEnded;
  expect(await statusOf(client.open('late.wav', 'w'))).toBe(4);
  await client.write(handle, 'last', 6);
  await client.close(handle);
  await ended;
  await closing;
  expect(await drop.contentOf('drained.wav')).toBe('first last');
  await drop[Symbol.asyncDispose]();
});

test('closing breaks off a transfer that takes too long, and keeps its bytes', async () => {
  const drop = await startFixture({ drainMs: 50 });
  const client = await drop.connect();
  const handle = await client.open('cut.wav', 'w');
  await client.write(handle, 'half', 0);
  await drop.server.close();
  expect(drop.drop.files).toEqual([]);
  expect(await drop.spooled()).toHaveLength(1);
  await drop[Symbol.asyncDispose]();
});

test.skipIf(!isInstalled('sftp'))(
  'a client whose upload is recorded while the server closes exits with success (skipped without sftp)',
  async () => {
    const committing = Promise.withResolvers<void>();
    const mayCommit = Promise.withResolvers<void>();
    await using drop = await startFixture({ limits: { drainQuietMs: 10_000 }, drainMs: 10_000 });
    const { receiveFile } = drop.drop;
    drop.drop.receiveFile = async (...file) => {
      committing.resolve();
      await mayCommit.promise;
      return receiveFile(...file);
    };
    const local = join(drop.folder, 'quick.wav');
    await writeFile(local, 'quick');
    const sent = sftp(drop, `put ${local} quick.wav\n`);
    await committing.promise;
    const closing = drop.server.close();
    mayCommit.resolve();
    expect(await sent).toMatchObject({ code: 0 });
    await closing;
    expect(await drop.contentOf('quick.wav')).toBe('quick');
  },
);

/** Uploads at a crawl with OpenSSH's client; answers what it printed when it ended. */
async function putSlowly(drop: Fixture): Promise<{ code: number | null; output: string }> {
  const local = join(drop.folder, 'slow.bin');
  await writeFile(local, Buffer.alloc(8 * 2 ** 20));
  const batch = join(drop.folder, 'batch');
  await writeFile(batch, `put ${local} slow.wav\n`);
  const args = ['-l', '500', ...SSH_OPTIONS, '-i', drop.keyPath, '-P', `${drop.port}`, '-b', batch];
  const client = spawn('sftp', [...args, 'acme-push@127.0.0.1:/data']);
  let output = '';
  client.stderr.on('data', (bytes) => (output += bytes));
  const [code] = (await once(client, 'close')) as [number | null];
  return { code, output };
}

test.skipIf(!isInstalled('sftp'))(
  'a transfer that is broken off is told why, and can be resumed (skipped without sftp)',
  async () => {
    await using drop = await startFixture({ drainMs: 300 });
    const sent = putSlowly(drop);
    await until(async () => (await drop.spooled()).length > 0);
    await drop.server.close();
    expect((await sent).output).toContain(FAREWELLS.restarting.sentence);
    expect(drop.drop.files).toEqual([]);
    expect(await drop.spooled()).toHaveLength(1);
  },
);

test('while one of several processes on a port drains, the others let every newcomer in', async () => {
  await using one = await startFixture({ sharedPort: 0, drainMs: 10_000 });
  await using two = await startFixture({ sharedPort: one.port });
  const clients = await Promise.all(Array.from({ length: 20 }, () => one.connect()));
  // The kernel spreads connections: some of them are with the first process.
  expect(one.server.sessionCount()).toBeGreaterThan(0);
  expect(two.server.sessionCount()).toBeGreaterThan(0);
  const uploads = await Promise.all(clients.map((client, index) => client.open(`${index}.wav`, 'w')));
  const closing = one.server.close();
  for (let index = 0; index < 20; index += 1) await (await two.connect()).kill();
  await Promise.all(clients.map((client, index) => client.close(uploads[index]!)));
  await closing;
  expect(one.drop.files.length + two.drop.files.length).toBe(20);
  for (const client of clients) client.ssh.destroy();
});
