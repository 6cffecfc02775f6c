import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestDatabase, until } from '@callbay/testkit';
import { expect, onTestFinished, test } from 'vitest';

const script = join(import.meta.dirname, 'fixtures/role.ts');

async function start(env: Record<string, string>): Promise<{ child: ChildProcess; log: () => string }> {
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
  return { child, log: () => log };
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
