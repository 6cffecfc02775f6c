import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { readEnv } from '@callbay/runtime';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | undefined;
  readonly body: unknown;
}

let home: string;
let baseUrl: string;
let seen: Seen[];
let answer: (request: Seen) => { status: number; body: unknown };
const list = (...items: unknown[]) => ({ status: 200, body: { items, nextCursor: null } });
const isJson = (request: IncomingMessage): boolean => request.headers['content-type'] === 'application/json';
const server = createServer(async (request: IncomingMessage, response) => {
  const body = await text(request);
  const one: Seen = {
    method: request.method ?? '',
    url: request.url ?? '',
    authorization: request.headers.authorization,
    body: body === '' ? undefined : isJson(request) ? JSON.parse(body) : body,
  };
  // Each command that names a tenant asks first whether there is one with that id.
  if (!(one.method === 'GET' && /^\/v1\/tenants\/[a-z-]+$/.test(one.url))) seen.push(one);
  const { status, body: reply } = answer(one);
  response
    .writeHead(status, { 'content-type': 'application/json' })
    .end(reply === undefined ? '' : JSON.stringify(reply));
});

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'callbay-cli-'));
  await writeFile(join(home, 'operator.key'), 'the-key\n');
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  baseUrl = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
});
beforeEach(() => {
  seen = [];
  answer = () => ({ status: 200, body: {} });
});
afterAll(async () => {
  server.close();
  await rm(home, { recursive: true });
});

async function run(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../src/main.ts'), ...args], {
    env: { ...readEnv(), CALLBAY_HOME: home, XDG_CONFIG_HOME: home, DATABASE_URL: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr] = [text(child.stdout), text(child.stderr)];
  const [code] = await once(child, 'close');
  return { code: code as number, stdout: await stdout, stderr: await stderr };
}
const api = (...args: string[]) => run([...args, '--url', baseUrl]);

test('no command, a wrong command and a wrong option all exit 2', async () => {
  for (const args of [[], ['nonsense'], ['files', 'acme', '--limit', '0'], ['tenant', 'create', 'acme']]) {
    expect((await run(args)).code).toBe(2);
  }
});

test('help exits 0 and shows examples and exit codes, even with a broken configuration', async () => {
  const { code, stdout } = await run(['--help'], { CALLBAY_HTTP_PORT: 'x' });
  expect(code).toBe(0);
  expect(stdout).toContain('Exit codes');
  expect((await run(['sftp-user', 'add', '--help'])).stdout).toContain('Examples');
});

test('a wrong configuration exits 2, naming every problem', async () => {
  const { code, stderr } = await run(['config'], { CALLBAY_HTTP_PORT: 'x', CALLBAY_LOG_LEVEL: 'y' });
  expect(code).toBe(2);
  expect(stderr).toContain('CALLBAY_HTTP_PORT');
  expect(stderr).toContain('CALLBAY_LOG_LEVEL');
});

test('the configuration is shown without its secrets', async () => {
  const secret = 'ab'.repeat(32);
  const { stdout } = await run(['config', '--json'], {
    DATABASE_URL: 'postgres://u:hunter2@db/x',
    CALLBAY_SECRET_KEY: secret,
  });
  expect(JSON.parse(stdout).variables).toMatchObject({
    DATABASE_URL: 'postgres://u:***@db/x',
    CALLBAY_SECRET_KEY: '***',
  });
});

test('an API that does not answer exits 3, saying what to do', async () => {
  const { code, stderr } = await run(['tenant', 'list', '--url', 'http://127.0.0.1:9']);
  expect(code).toBe(3);
  expect(stderr).toContain('callbay up');
});

test('a home without a key exits 3', async () => {
  expect((await run(['tenant', 'list', '--url', baseUrl], { CALLBAY_HOME: join(home, 'none') })).code).toBe(
    3,
  );
});

test('a refusal exits 1 with the API’s code and issues', async () => {
  const issues = [{ at: 'timeZone', code: 'TIME_ZONE_UNKNOWN', message: 'No such zone.' }];
  answer = () => ({ status: 422, body: { code: 'UNPROCESSABLE', detail: 'It cannot be done.', issues } });
  const { code, stderr } = await api('tenant', 'create', 'acme', '--name', 'Acme');
  expect(code).toBe(1);
  expect(stderr).toContain('UNPROCESSABLE');
  expect(stderr).toContain('timeZone TIME_ZONE_UNKNOWN');
});

test('a tenant is made with the operator’s key and what was asked for', async () => {
  answer = () => ({ status: 201, body: { id: 'acme', name: 'Acme', stage: 'live', timeZone: 'Asia/Seoul' } });
  const { code, stdout } = await api(
    'tenant',
    'create',
    'acme',
    '--name',
    'Acme',
    '--time-zone',
    'Asia/Seoul',
    '--stage',
    'live',
  );
  expect(code).toBe(0);
  expect(stdout).toContain('stage=live');
  const body = { id: 'acme', name: 'Acme', timeZone: 'Asia/Seoul', stage: 'live' };
  expect(seen).toEqual([{ method: 'POST', url: '/v1/tenants', authorization: 'Bearer the-key', body }]);
});

test('a list follows its cursors and comes out as one JSON document', async () => {
  answer = ({ url }) =>
    url.includes('cursor=next')
      ? { status: 200, body: { items: [{ id: 'b' }], nextCursor: null } }
      : { status: 200, body: { items: [{ id: 'a' }], nextCursor: 'next' } };
  const { stdout } = await api('tenant', 'list', '--json');
  expect(JSON.parse(stdout)).toEqual([{ id: 'a' }, { id: 'b' }]);
});

test('a private key given for a public one is not sent', async () => {
  const file = join(home, 'id_ed25519');
  await writeFile(file, '-----BEGIN OPENSSH PRIVATE KEY-----\n');
  const { code } = await api('sftp-user', 'add', 'acme', '--public-key', file);
  expect(code).toBe(1);
  expect(seen).toEqual([]);
});

test('a key is added under its user, whose name is escaped', async () => {
  const file = join(home, 'id.pub');
  await writeFile(file, 'ssh-ed25519 AAAA me\n');
  answer = ({ method }) =>
    method === 'GET'
      ? list({ username: 'a@b' })
      : { status: 201, body: { id: 'k', fingerprint: 'SHA256:x' } };
  await api('sftp-user', 'key', 'add', 'acme', 'a@b', file, '--label', 'pbx');
  expect(seen.at(-1)).toMatchObject({
    method: 'POST',
    url: '/v1/tenants/acme/sftp-users/a%40b/keys',
    body: { publicKey: 'ssh-ed25519 AAAA me', label: 'pbx' },
  });
});

test('a set-up comes out as it is, and goes in from a file with its difference shown', async () => {
  answer = () => ({ status: 200, body: 'callbay: 1' });
  const exported = await api('tenant', 'export', 'acme');
  expect(exported).toMatchObject({ code: 0, stdout: '"callbay: 1"\n' });

  const setUp = join(home, 'acme.yml');
  await writeFile(setUp, 'callbay: 1\nname: Acme\n');
  const changes = [{ at: 'name', old: 'A', new: 'Acme' }];
  answer = () => ({ status: 200, body: { dryRun: true, changes } });
  const { code, stdout } = await api('tenant', 'apply', 'acme', setUp, '--dry-run');
  expect(code).toBe(0);
  expect(stdout).toContain('name   "A"  "Acme"');
  expect(seen[1]).toMatchObject({
    method: 'PUT',
    url: '/v1/tenants/acme/config?dryRun=true',
    body: 'callbay: 1\nname: Acme\n',
  });
});

test('a set-up that is refused tells every problem, and one that is not there is named; both exit 1', async () => {
  const issues = [{ code: 'YAML_INVALID', message: 'Close it.', at: 'line 2, column 1' }];
  answer = () => ({ status: 400, body: { code: 'BAD_REQUEST', detail: 'Not valid.', issues } });
  const setUp = join(home, 'broken.yml');
  await writeFile(setUp, 'a: [\n');
  const refused = await api('tenant', 'apply', 'acme', setUp);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('line 2, column 1 YAML_INVALID: Close it.');
  const absent = await api('tenant', 'apply', 'acme', join(home, 'absent.yml'));
  expect(absent.code).toBe(1);
  expect(absent.stderr).toContain('absent.yml cannot be read (ENOENT)');
});

const file = {
  id: 'f1',
  name: 'a\u001b[2J.wav',
  sizeBytes: 1,
  state: 'held',
  outcome: null,
  receivedAt: 'now',
  callId: null,
};

test('a file is explained by its name, and its name cannot drive the terminal', async () => {
  const steps = [{ at: 'now', step: 'received', code: null, message: 'It came.', detail: {} }];
  const warnings = [{ at: 'line 4', code: 'METADATA_INVALID', message: 'The row has no \u001b id.' }];
  answer = ({ url }) =>
    url.includes('/explanation')
      ? { status: 200, body: { file: { ...file, warnings }, steps } }
      : { status: 200, body: { items: [file], nextCursor: null } };
  const { code, stdout } = await api('explain', 'acme', 'a.wav');
  expect(code).toBe(0);
  expect(seen.map(({ url }) => url)).toEqual([
    '/v1/tenants/acme/files?name=a.wav&limit=1',
    '/v1/tenants/acme/files/f1/explanation',
  ]);
  expect(stdout).not.toContain('\u001b');
  expect(stdout).toContain('It came.');
  expect(stdout).toContain('(line 4)');
});

test('the rows of a batch are listed by what became of them', async () => {
  const row = { row: 1, line: 2, state: 'held', code: 'NO_RECORDING', message: 'It waits.', callId: null };
  answer = ({ url }) => ({
    status: 200,
    body: { items: [url.includes('/rows') ? row : file], nextCursor: null },
  });
  const { code, stdout } = await api('rows', 'acme', 'a.csv', '--state', 'held', '--limit', '1');
  expect(code).toBe(0);
  expect(seen.at(-1)?.url).toBe('/v1/tenants/acme/files/f1/rows?state=held&limit=1');
  expect(stdout).toMatch(/2 +held +NO_RECORDING +- +It waits\./);
});

test('a tenant is shown with what to fix before it goes live', async () => {
  const checks = [{ code: 'TIME_ZONE_SET', message: 'A zone.', ok: false, required: true }];
  const finding = {
    code: 'TIME_ZONE_MISSING',
    required: true,
    message: 'No zone.',
    fix: 'Set it.',
    examples: ['a.wav'],
  };
  answer = ({ url }) => ({
    status: 200,
    body: url.endsWith('/readiness')
      ? { isReady: false, checks, findings: [finding] }
      : { id: 'acme', name: 'Acme', stage: 'setup', timeZone: null },
  });
  const { stdout } = await api('tenant', 'show', 'acme');
  expect(stdout).toContain('FAIL TIME_ZONE_MISSING: No zone.');
  expect(stdout).toContain('fix: Set it.');
  expect(stdout).not.toContain('TIME_ZONE_SET');
});

test('a file that is not there is named', async () => {
  const { code, stderr } = await api('sftp-user', 'add', 'acme', '--public-key', '/nowhere/a.pub');
  expect(code).toBe(1);
  expect(stderr).toContain('/nowhere/a.pub cannot be read');
});

test('a name nobody sent exits 1', async () => {
  answer = () => ({ status: 200, body: { items: [], nextCursor: null } });
  expect((await api('explain', 'acme', 'a.wav')).code).toBe(1);
});

test('files are filtered by what was asked for', async () => {
  answer = () => ({ status: 200, body: { items: [], nextCursor: null } });
  await api('files', 'acme', '--state', 'held', '--limit', '7');
  expect(seen[0]?.url).toBe('/v1/tenants/acme/files?state=held&limit=7');
});

test('a tenant is found by a part of its name, and an ambiguous part lists the candidates', async () => {
  const tenants = [
    { id: 'bright', name: 'Bright Inc' },
    { id: 'bright-eu', name: 'Bright Europe' },
    { id: 'acme', name: 'Acme' },
  ];
  answer = ({ url }) => {
    if (url.startsWith('/v1/tenants?')) return list(...tenants);
    if (url === '/v1/tenants/eur') return { status: 404, body: { code: 'NOT_FOUND', detail: 'Not found.' } };
    return list();
  };
  expect((await api('holds', 'eur')).code).toBe(0);
  expect(seen.at(-1)?.url).toBe('/v1/tenants/bright-eu/holds?limit=50');
  const { code, stderr } = await api('holds', 'Bright ');
  expect(code).toBe(1);
  expect(stderr).toContain('bright  Bright Inc');
  expect(stderr).toContain('bright-eu  Bright Europe');
  expect(stderr).not.toContain('acme');
});

test('what removes takes no part of a name', async () => {
  answer = ({ method, url }) =>
    method === 'GET' && url.includes('/sftp-users') ? list({ username: 'acme-pbx' }) : list();
  const { code, stderr } = await api('sftp-user', 'remove', 'acme', 'pbx');
  expect(code).toBe(1);
  expect(stderr).toContain('did you mean this one?\n  acme-pbx');
  expect(seen.map(({ method }) => method)).not.toContain('DELETE');
  expect((await api('sftp-user', 'remove', 'acme', 'acme-pbx')).code).toBe(0);
  expect(seen.at(-1)).toMatchObject({ method: 'DELETE', url: '/v1/tenants/acme/sftp-users/acme-pbx' });
});

test('a file is found by a part of its name; several names are listed, newest first', async () => {
  const names = ['b-2.wav', 'b-1.wav', 'b-2.wav'];
  answer = ({ url }) =>
    url.includes('q=b-') ? list(...names.map((name, index) => ({ ...file, id: `f${index}`, name }))) : list();
  const { code, stderr } = await api('explain', 'acme', 'b-');
  expect(code).toBe(1);
  expect(stderr).toContain('\n  b-2.wav\n  b-1.wav\n');
});

test.each([
  ['publish acme', 'callbay mapping publish'],
  ['create tenant acme', 'callbay tenant create'],
  ['tenants', 'callbay tenant list'],
  ['tenant ls', 'callbay tenant list'],
  ['sftp add acme', 'callbay sftp-user add'],
  ['hodls acme', 'callbay holds'],
  ['users list', 'callbay sftp-user list'],
  ['mapping prevew acme', 'callbay mapping preview'],
])('the wrong command `%s` names the right one', async (line, right) => {
  const { code, stderr } = await run(line.split(' '));
  expect(code).toBe(2);
  expect(stderr).toContain(`  ${right}\n`);
  expect(seen).toEqual([]);
});

test('help ends quietly when nobody reads its output any more', async () => {
  const main = join(import.meta.dirname, '../src/main.ts');
  const line = `set -o pipefail; '${process.execPath}' '${main}' --help | head -1`;
  const child = spawn('bash', ['-c', line], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr] = [text(child.stdout), text(child.stderr)];
  expect(await once(child, 'close')).toEqual([0, null]);
  expect(await stdout).toContain('Usage: callbay');
  expect(await stderr).toBe('');
});

test('the version is that of the package', async () => {
  expect(await run(['--version'])).toMatchObject({ code: 0, stdout: '0.1.0\n' });
});

test('bash completes commands, subcommands and options', async () => {
  const script = (await run(['completion', 'bash'])).stdout;
  const complete = async (...words: string[]) => {
    const line = `${script}\nCOMP_WORDS=(callbay ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}; _callbay; echo "\${COMPREPLY[@]}"`;
    const child = spawn('bash', ['-c', line], { stdio: ['ignore', 'pipe', 'inherit'] });
    return (await text(child.stdout)).trim().split(' ');
  };
  expect(await complete('ten')).toEqual(['tenant']);
  expect(await complete('mapping', 'p')).toEqual(['preview', 'publish', 'presets']);
  expect(await complete('sftp-user', 'key', '')).toContain('add');
  expect(await complete('files', 'acme', '--st')).toEqual(['--state']);
});

test('a login is checked, stored for its owner alone, used from then on, and its key goes to no other server', async () => {
  const elsewhere = { XDG_CONFIG_HOME: join(home, 'me'), CALLBAY_HOME: join(home, 'none') };
  const keyFile = join(home, 'far.key');
  await writeFile(keyFile, 'far-key\n');
  answer = ({ authorization }) =>
    authorization === 'Bearer far-key'
      ? list({ id: 'acme', name: 'Acme' })
      : { status: 401, body: { code: 'UNAUTHENTICATED', detail: 'No.' } };
  const refused = await run(['login', baseUrl, '--key-file', join(home, 'operator.key')], elsewhere);
  expect(refused.code).toBe(1);
  await expect(stat(join(home, 'me'))).rejects.toThrow();

  expect((await run(['login', `${baseUrl}/`, '--key-file', keyFile], elsewhere)).code).toBe(0);
  expect((await stat(join(home, 'me/callbay/login.json'))).mode & 0o777).toBe(0o600);
  expect((await run(['tenant', 'list'], elsewhere)).stdout).toContain('acme');

  // A home without a key of its own: the login's is not sent in its place.
  seen = [];
  const other = baseUrl.replace('127.0.0.1', 'localhost');
  expect((await run(['tenant', 'list', '--url', other], elsewhere)).code).toBe(3);
  expect(seen).toEqual([]);

  await run(['logout'], elsewhere);
  expect((await run(['tenant', 'list'], elsewhere)).code).toBe(3);
}, 90_000);

test('a login over http to another machine is refused before the key is read', async () => {
  const { code, stderr } = await run(['login', 'http://callbay.example.com']);
  expect(code).toBe(2);
  expect(stderr).toContain('--allow-http');
});

test('watching a file prints its story again when it changes, and ends with the file', async () => {
  let asked = 0;
  answer = ({ url }) => {
    if (!url.includes('/explanation')) return list(file);
    asked += 1;
    const state = asked < 3 ? 'held' : 'done';
    return { status: 200, body: { file: { ...file, state, warnings: [] }, steps: [] } };
  };
  const { code, stdout } = await api('explain', 'acme', 'a.wav', '--watch');
  expect(code).toBe(0);
  expect(stdout.match(/1 bytes {2}held/g)).toHaveLength(1);
  expect(stdout.match(/1 bytes {2}done/g)).toHaveLength(1);
});

test('a bulk replay follows its cursors and adds up what each request did', async () => {
  const result = { dryRun: false, skipped: 1, skippedByCode: { CONFLICT: 1 }, unchanged: 0 };
  answer = ({ body }) => {
    const isFirst = (body as { cursor?: string } | undefined)?.cursor === undefined;
    return {
      status: 200,
      body: { ...result, replayed: isFirst ? 500 : 7, nextCursor: isFirst ? 'next' : null },
    };
  };
  const { stdout } = await api('replay', 'acme', '--code', 'SCHEMA_DRIFT', '--json');
  expect(JSON.parse(stdout)).toMatchObject({ replayed: 507, skipped: 2, skippedByCode: { CONFLICT: 2 } });
  expect(seen.map(({ body }) => body)).toEqual([
    { code: 'SCHEMA_DRIFT' },
    { code: 'SCHEMA_DRIFT', cursor: 'next' },
  ]);
  expect((await api('replay', 'acme')).code).toBe(2);
});

test('a user without key and password is said to be of no use yet, and passwords are allowed by a flag', async () => {
  const user = { username: 'acme-1', host: 'h', port: 22, hostKeys: [], keys: [], hasPassword: false };
  answer = () => ({ status: 200, body: user });
  expect((await api('sftp-user', 'add', 'acme')).stdout).toContain('Nobody can log in with it yet');
  seen = [];
  await api('sftp-user', 'add', 'acme', '--with-password', '--allow-passwords');
  expect(seen).toMatchObject([
    { method: 'PATCH', url: '/v1/tenants/acme', body: { settings: { passwordLogin: true } } },
    { method: 'POST', body: { withPassword: true } },
  ]);
});
