import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { ConfigError, describeConfig, loadConfig } from '../src/index.ts';

const key = randomBytes(32);
const problemsOf = (env: Record<string, string>): string[] => {
  try {
    loadConfig(env);
    return [];
  } catch (error) {
    return (error as ConfigError).problems.map(({ variable }) => variable).sort();
  }
};

test('an empty environment is a whole configuration', () => {
  expect(loadConfig({})).toMatchObject({
    home: resolve('.callbay'),
    bind: '127.0.0.1',
    http: { port: 8080, isPortChosen: false },
    sftp: { port: 2222, isPortChosen: false },
    databaseUrl: null,
    redisUrl: null,
    secretKey: null,
    logLevel: 'info',
    intakeProcesses: 1,
    warnings: [],
  });
});

test('every problem is reported at once', () => {
  const env = {
    CALLBAY_HTTP_PORT: '70000',
    CALLBAY_SFTP_PORT: '22x',
    CALLBAY_LOG_LEVEL: 'loud',
    CALLBAY_INTAKE_PROCESSES: '0',
    CALLBAY_BIND: 'hello',
    CALLBAY_TRUST_PROXY: '10.0.0.1,banana',
    CALLBAY_PUBLIC_SFTP_PORT: 'x',
    CALLBAY_PROXY_PROTOCOL_FROM: 'loopback',
    DATABASE_URL: 'mysql://x',
    REDIS_URL: 'nowhere',
    CALLBAY_SECRET_KEY: 'short',
    CALLBAY_BLOBS: 's3://Not_A_Bucket/x',
    CALLBAY_S3_ENDPOINT: 'rgw:7480',
    CALLBAY_S3_PATH_STYLE: 'yes',
    CALLBAY_SMTP_URL: 'http://mail.example.com',
    CALLBAY_MAIL_FROM: 'nobody',
    CALLBAY_WEBHOOK_ALLOW: '10.0.0.0/8,everything',
  };
  expect(problemsOf(env)).toEqual(Object.keys(env).sort());
});

test.each([
  ['an owner of no database', { CALLBAY_DATABASE_OWNER_URL: 'postgres://h/d' }, ['DATABASE_URL']],
  ['DATABASE_URL without a secret key', { DATABASE_URL: 'postgres://h/d' }, ['CALLBAY_SECRET_KEY']],
  [
    'one port for both servers',
    { CALLBAY_HTTP_PORT: '9000', CALLBAY_SFTP_PORT: '9000' },
    ['CALLBAY_SFTP_PORT'],
  ],
  ['a role of its own without the shared database', { CALLBAY_ROLES: 'pipeline' }, ['DATABASE_URL']],
  ['all roles by name, which need none', { CALLBAY_ROLES: 'api,intake,pipeline' }, []],
  ['all roles in a word', { CALLBAY_ROLES: 'all' }, []],
  ['a role that there is none of', { CALLBAY_ROLES: 'intake,worker' }, ['CALLBAY_ROLES']],
  ['a mail server without a sender', { CALLBAY_SMTP_URL: 'smtp://h' }, ['CALLBAY_MAIL_FROM']],
  ['port 0 twice, which means any', { CALLBAY_HTTP_PORT: '0', CALLBAY_SFTP_PORT: '0' }, []],
  ['bytes in a bucket of no server', { CALLBAY_BLOBS: 's3://bytes' }, ['CALLBAY_S3_REGION']],
  [
    'half a key of the server of buckets',
    { CALLBAY_S3_REGION: 'eu-central-1', CALLBAY_S3_ACCESS_KEY_ID: 'id' },
    ['CALLBAY_S3_SECRET_ACCESS_KEY'],
  ],
  ['bytes on disk, by name', { CALLBAY_BLOBS: 'disk' }, []],
  ['empty values, which mean not set', { DATABASE_URL: '', CALLBAY_HTTP_PORT: ' ' }, []],
])('%s', (_what, env, problems) => {
  expect(problemsOf(env as Record<string, string>)).toEqual(problems);
});

test('no problem repeats the value of a secret', () => {
  const secret = 'postgres:/broken:hunter2@host';
  expect(() => loadConfig({ DATABASE_URL: secret, CALLBAY_SECRET_KEY: 'hunter2' })).toThrow(ConfigError);
  try {
    loadConfig({ DATABASE_URL: secret, CALLBAY_SECRET_KEY: 'hunter2' });
  } catch (error) {
    expect(String(error)).not.toContain('hunter2');
  }
});

test.each([
  ['hex', key.toString('hex')],
  ['base64', key.toString('base64')],
  ['base64url', key.toString('base64url')],
])('a secret key is accepted in %s', (_encoding, text) => {
  expect(loadConfig({ CALLBAY_SECRET_KEY: text }).secretKey?.equals(key)).toBe(true);
});

test('an unknown variable of ours is a warning, a stranger’s is none of our business', () => {
  const { warnings } = loadConfig({ CALLBAY_HTPP_PORT: '1', PATH: '/bin' });
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain('CALLBAY_HTPP_PORT');
});

test('the configuration cannot be changed', () => {
  const config = loadConfig({});
  expect(() => Object.assign(config.http, { port: 1 })).toThrow(TypeError);
});

test('the described configuration shows what is set and no secret', () => {
  const config = loadConfig({
    DATABASE_URL: 'postgres://bay:hunter2@db:5432/callbay?sslpassword=hunter2',
    REDIS_URL: 'redis://:hunter2@cache:6379',
    CALLBAY_SECRET_KEY: key.toString('hex'),
  });
  const text = JSON.stringify(describeConfig(config));
  expect(text).not.toContain('hunter2');
  expect(text).not.toContain(key.toString('hex'));
  expect(text).toContain('db:5432/callbay');
  expect(text).toContain('cache:6379');
});

test('mail and webhook ranges are read, and the mail server’s password is masked', () => {
  const config = loadConfig({
    CALLBAY_SMTP_URL: 'smtp://user:hunter2@mail.example.com:587',
    CALLBAY_MAIL_FROM: 'callbay@example.com',
    CALLBAY_WEBHOOK_ALLOW: '10.0.0.0/8, fd00::/8',
  });
  expect(config.mail).toEqual({
    smtpUrl: 'smtp://user:hunter2@mail.example.com:587',
    from: 'callbay@example.com',
  });
  expect(config.webhookAllow).toEqual(['10.0.0.0/8', 'fd00::/8']);
  expect(JSON.stringify(describeConfig(config))).not.toContain('hunter2');
  expect(loadConfig({})).toMatchObject({ mail: null, webhookAllow: [] });
});

test('a home that cannot be used is in the same list, where it is used', () => {
  const env = { CALLBAY_HOME: '/proc/callbay/home', CALLBAY_BIND: 'hello' };
  const problems = (usesHome: boolean): string[] => {
    try {
      loadConfig(env, { usesHome });
      return [];
    } catch (error) {
      return (error as ConfigError).problems.map(({ variable }) => variable).sort();
    }
  };
  expect(problems(true)).toEqual(['CALLBAY_BIND', 'CALLBAY_HOME']);
  expect(problems(false)).toEqual(['CALLBAY_BIND']);
  const file = join(import.meta.dirname, 'config.test.ts');
  expect(() => loadConfig({ CALLBAY_HOME: join(file, 'home') }, { usesHome: true })).toThrow(/not a folder/);
});

test('looking at a home leaves nothing in it', () => {
  const home = mkdtempSync(join(tmpdir(), 'callbay-config-'));
  loadConfig({ CALLBAY_HOME: join(home, 'a/b') }, { usesHome: true });
  expect(readdirSync(home)).toEqual([]);
  rmdirSync(home);
});

test('customers are told the port that is published, which is ours unless set', () => {
  expect(loadConfig({ CALLBAY_SFTP_PORT: '2022' }).sftp.publicPort).toBe(2022);
  const env = { CALLBAY_SFTP_PORT: '2022', CALLBAY_PUBLIC_SFTP_PORT: '22' };
  expect(loadConfig(env).sftp).toMatchObject({ port: 2022, publicPort: 22 });
});

test.each([
  ['s3://bytes', ''],
  ['s3://bytes/', ''],
  ['s3://bytes/callbay', 'callbay/'],
  ['s3://bytes/a/b/', 'a/b/'],
])('%s keeps bytes under the prefix %j', (url, prefix) => {
  const config = loadConfig({ CALLBAY_BLOBS: url, CALLBAY_S3_ENDPOINT: 'http://127.0.0.1:7480' });
  expect(config.blobs).toEqual({ bucket: 'bytes', prefix });
  expect(config.s3).toMatchObject({ checksums: 'required', usesPathStyle: true, credentials: null });
});

test('bytes rest on disk unless a bucket is named, and AWS is spoken to as AWS', () => {
  expect(loadConfig({})).toMatchObject({ blobs: null, s3: null });
  expect(loadConfig({ CALLBAY_S3_REGION: 'eu-central-1' }).s3).toMatchObject({
    endpoint: null,
    checksums: 'supported',
    usesPathStyle: false,
  });
});
