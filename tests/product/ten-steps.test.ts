import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { startEmbeddedPostgres } from '@callbay/embedded';
import { expect, onTestFinished, test } from 'vitest';
import { blocksOf, ROOT, runBlocks } from './docs-page.ts';

/** Pages that lead from nothing to live calls, and the calls that each ends with. A page for a phone system joins here. */
const WALKS = [{ page: 'docs/setting-up.md', users: ['joe@acme.example', 'kim@acme.example'] }];

/** `npm start` in a home of its own, until it serves. */
async function npmStart(): Promise<{ home: string; sftpPort: number }> {
  const home = await mkdtemp(join(tmpdir(), 'callbay-ten-steps-'));
  const npm = spawn('npm', ['start', '--silent'], {
    cwd: ROOT,
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
  const ended = once(npm, 'close');
  onTestFinished(async () => {
    npm.kill('SIGTERM');
    await ended;
    const last = await startEmbeddedPostgres({ home, isThrowaway: true });
    await last.stop();
    await rm(home, { recursive: true, force: true });
  });
  const [line] = (await Promise.race([once(createInterface({ input: npm.stdout }), 'line'), ended])) as [
    string,
  ];
  const [, port] = /^ready http=\S+ sftp=\S+:(\d+)$/.exec(String(line)) ?? [];
  return { home, sftpPort: Number(port) };
}

test.each(WALKS)(
  '$page leads from `npm start` to live calls without a wrong turn',
  async ({ page, users }) => {
    const blocks = await blocksOf(page);
    expect(blocks.length).toBeGreaterThanOrEqual(10);
    const { code, out, log } = await runBlocks(blocks, { ...(await npmStart()), tenant: 'acme' });
    expect(code, `${out}\n${log}`).toBe(0);
    // No step of the way complains, or asks for something that the page did not mention.
    expect(log).not.toMatch(/^callbay: /m);
    const calls = out
      .slice(out.indexOf('CALL  STARTED'))
      .split('\n')
      .slice(1, 1 + users.length);
    for (const user of users) expect(calls.join('\n'), out).toContain(user);
  },
  180_000,
);
