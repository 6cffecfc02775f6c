import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@callbay/embedded';
import { isRedisInstalled, startRedis } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

const appsFolder = join(import.meta.dirname, '../..');
let home: string;
let server: EmbeddedPostgres;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'callbay-services-'));
  server = await startEmbeddedPostgres({ home: join(home, 'server'), isThrowaway: true });
});
afterAll(async () => {
  await server.stop();
  await rm(home, { recursive: true });
});

/** Runs a script of ours to its end. */
async function run(script: string, args: readonly string[], env: Record<string, string>) {
  const child = spawn(process.execPath, [join(appsFolder, script), ...args], {
    env: {
      ...process.env,
      CALLBAY_HOME: join(home, 'bay'),
      CALLBAY_SECRET_KEY: 'ab'.repeat(32),
      CALLBAY_HTTP_PORT: '0',
      CALLBAY_SFTP_PORT: '0',
      REDIS_URL: '',
      ...env,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const stderr = text(child.stderr);
  const [code] = await once(child, 'close');
  return { code: code as number, stderr: await stderr };
}

function changed(change: Partial<Pick<URL, 'port' | 'password' | 'pathname'>>): string {
  return Object.assign(new URL(server.connectionStringFor('postgres')), change).href;
}

const WRONG: readonly [what: string, url: () => string, reason: string][] = [
  ['a port on which nothing listens', () => changed({ port: '9' }), 'nothing listens there'],
  ['a wrong password', () => changed({ password: 'wrong' }), 'the password is wrong'],
  ['no such database', () => changed({ pathname: '/absent' }), 'there is no such database'],
];

test.each(WRONG)(
  '%s ends every command and role with one sentence that names it',
  async (_what, url, reason) => {
    const databaseUrl = url();
    const place = new URL(databaseUrl).host;
    const runs: [string, string[]][] = [
      ['callbay/src/main.ts', ['migrate']],
      ['callbay/src/main.ts', ['up']],
      ['pipeline/src/main.ts', []],
    ];
    for (const [script, args] of runs) {
      const { code, stderr } = await run(script, args, { DATABASE_URL: databaseUrl });
      expect(code, stderr).toBe(3);
      const sentence = stderr.split('\n').find((line) => line.includes('DATABASE_URL: '));
      expect(sentence).toContain(place);
      expect(sentence).toContain(reason);
      expect(stderr).not.toMatch(/^ +at /m);
      expect(stderr).not.toContain('wrong@');
    }
  },
  120_000,
);

test('a Redis that does not answer ends `up` before any role is started, and a role with a sentence', async () => {
  const env = { DATABASE_URL: await server.createDatabase('redis_away'), REDIS_URL: 'redis://127.0.0.1:9' };
  const up = await run('callbay/src/main.ts', ['up'], env);
  expect(up.code, up.stderr).toBe(3);
  expect(up.stderr).toContain('REDIS_URL: Redis at 127.0.0.1:9 cannot be used: nothing listens there');
  expect(up.stderr.trim().split('\n').length).toBeLessThan(6);
  expect((await run('callbay/src/main.ts', ['migrate'], env)).code).toBe(0);
  const role = await run('api/src/main.ts', [], env);
  expect(role.code, role.stderr).toBe(3);
  expect(role.stderr).toContain('REDIS_URL: Redis at 127.0.0.1:9 cannot be used');
}, 120_000);

test.skipIf(!isRedisInstalled())(
  'a Redis that wants a password says so (skipped where redis-server is not installed)',
  async () => {
    await using redis = await startRedis();
    const url = redis.url.replace('redis://', 'redis://nobody:wrong@');
    const env = { DATABASE_URL: await server.createDatabase('redis_password'), REDIS_URL: url };
    const { code, stderr } = await run('callbay/src/main.ts', ['up'], env);
    expect(code, stderr).toBe(3);
    expect(stderr).toContain('the user name or password is wrong');
  },
  60_000,
);

test('a home that takes no folders and an address that is none are reported together, at once', async () => {
  const env = {
    CALLBAY_HOME: '/proc/x',
    CALLBAY_BIND: 'hello',
    CALLBAY_TRUST_PROXY: 'banana',
    DATABASE_URL: '',
  };
  const { code, stderr } = await run('callbay/src/main.ts', ['up'], env);
  expect(code).toBe(2);
  for (const variable of ['CALLBAY_HOME', 'CALLBAY_BIND', 'CALLBAY_TRUST_PROXY'])
    expect(stderr).toContain(variable);
});
