import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFileReceiver } from '@callbay/postgres';
import { createTestDatabase, makeTenant, until } from '@callbay/testkit';
import { expect, onTestFinished, test } from 'vitest';

const script = join(import.meta.dirname, 'fixtures/role.ts');

async function start(
  env: Record<string, string>,
): Promise<{ child: ChildProcess; home: string; log: () => string }> {
  const home = await mkdtemp(join(tmpdir(), 'callbay-role-'));
  const child = fork(script, [], {
    env: {
      PATH: process.env.PATH,
      CALLBAY_HOME: home,
      CALLBAY_SECRET_KEY: 'ab'.repeat(32),
      ...env,
    },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await rm(home, { recursive: true, force: true });
  });
  let log = '';
  child.stderr?.on('data', (chunk) => (log += chunk));
  return { child, home, log: () => log };
}

test('a role reports that it serves, shares its metrics, and takes them back when it ends in order', async () => {
  const database = await createTestDatabase();
  onTestFinished(() => database.drop());
  const { child } = await start({ DATABASE_URL: database.connectionString });
  expect((await once(child, 'message'))[0]).toEqual({ type: 'ready', port: 7 });
  const shared = () => database.db.query<{ role: string }>('SELECT role FROM process_metrics');
  await until('its metrics', async () => (await shared()).length === 1);
  expect(await shared()).toEqual([{ role: 'api' }]);
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
  expect(await shared()).toEqual([]);
});

test('a role marks the store of bytes at the first start', async () => {
  const database = await createTestDatabase();
  onTestFinished(() => database.drop());
  const { child, home } = await start({ DATABASE_URL: database.connectionString });
  await once(child, 'message');
  expect(await readdir(join(home, 'blobs'))).toEqual(['.callbay-store']);
});

test('a role starts without the store of bytes that its database refers to, and does not make another', async () => {
  const database = await createTestDatabase();
  onTestFinished(() => database.drop());
  const tenantId = await makeTenant(database.db);
  await createFileReceiver(database.db).receiveFile(tenantId, {
    fileId: '00000000-0000-7000-8000-000000000001',
    drop: 'sftp',
    name: 'a.wav',
    sizeBytes: 1,
    modifiedAt: new Date(),
    blobKey: `${tenantId}/1`,
    sentBy: 'somebody',
  });
  const { child, home, log } = await start({ DATABASE_URL: database.connectionString });
  await once(child, 'message');
  expect(await readdir(join(home, 'blobs')).catch(() => [])).toEqual([]);
  expect(log()).toContain('is its disk mounted, or its bucket the right one?');
});

test('a role ends in order when its supervisor is gone', async () => {
  const database = await createTestDatabase();
  onTestFinished(() => database.drop());
  const { child } = await start({ DATABASE_URL: database.connectionString });
  await once(child, 'message');
  child.disconnect();
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('a role without a database ends with the name of the variable', async () => {
  const { child, log } = await start({});
  const [code] = await once(child, 'exit');
  expect(code).not.toBe(0);
  expect(log()).toContain('DATABASE_URL');
});

test('a role in another home than its database’s ends with a sentence, touching nothing', async () => {
  const database = await createTestDatabase();
  onTestFinished(() => database.drop());
  const first = await start({ DATABASE_URL: database.connectionString });
  await once(first.child, 'message');
  const second = await start({ DATABASE_URL: database.connectionString });
  expect(await once(second.child, 'exit')).toEqual([2, null]);
  expect(second.log()).toContain(`CALLBAY_HOME: ${second.home} is not the home of this database`);
  expect(await readdir(second.home)).toEqual([]);
});
