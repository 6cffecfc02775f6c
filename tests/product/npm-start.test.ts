import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { findRunningPostgres, startEmbeddedPostgres } from '@callbay/embedded';
import { until } from '@callbay/testkit';
import { expect, onTestFinished, test } from 'vitest';

const root = join(import.meta.dirname, '../..');

test('npm start prints one ready line, serves, and on SIGTERM to npm itself drains and exits 0', async () => {
  const home = await mkdtemp(join(tmpdir(), 'callbay-start-'));
  const npm = spawn('npm', ['start', '--silent'], {
    cwd: root,
    env: {
      ...process.env,
      CALLBAY_HOME: home,
      CALLBAY_HTTP_PORT: '0',
      CALLBAY_SFTP_PORT: '0',
      DATABASE_URL: '',
      REDIS_URL: '',
    },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(async () => {
    npm.kill('SIGTERM');
    const last = await startEmbeddedPostgres({ home, isThrowaway: true });
    await last.stop();
    await rm(home, { recursive: true, force: true });
  });
  const lines: string[] = [];
  const output = createInterface({ input: npm.stdout });
  output.on('line', (line) => lines.push(line));
  // Whichever comes first: a start that fails prints no line.
  await Promise.race([once(output, 'line'), once(npm, 'exit')]);
  const [, http] =
    /^ready http=(http:\/\/127\.0\.0\.1:\d+) sftp=127\.0\.0\.1:\d+$/.exec(lines[0] ?? '') ?? [];
  expect((await fetch(`${http}/health/ready`)).status).toBe(200);
  const key = (await readFile(join(home, 'operator.key'), 'utf8')).trim();
  expect((await stat(join(home, 'operator.key'))).mode & 0o777).toBe(0o600);
  expect((await fetch(`${http}/v1/tenants`, { headers: { authorization: `Bearer ${key}` } })).status).toBe(
    200,
  );
  await until('the metrics of every role', async () => {
    const text = await (await fetch(`${http}/metrics`)).text();
    const roles = text.matchAll(/^process_start_time_seconds\{role="(\w+)"/gm);
    return [...roles].map(([, role]) => role).join() === 'api,intake,pipeline';
  });
  npm.kill('SIGTERM');
  expect(await once(npm, 'close')).toEqual([0, null]);
  expect(lines).toHaveLength(1);
  await expect(fetch(`${http}/health/live`)).rejects.toThrow();
  expect(await findRunningPostgres(home, 'callbay')).toBeNull();
}, 60_000);
