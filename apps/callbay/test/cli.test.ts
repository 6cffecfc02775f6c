import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
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
const isJson = (request: IncomingMessage): boolean => request.headers['content-type'] === 'application/json';
const server = createServer(async (request: IncomingMessage, response) => {
  const body = await text(request);
  const one: Seen = {
    method: request.method ?? '',
    url: request.url ?? '',
    authorization: request.headers.authorization,
    body: body === '' ? undefined : isJson(request) ? JSON.parse(body) : body,
  };
  seen.push(one);
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
    env: { ...readEnv(), CALLBAY_HOME: home, DATABASE_URL: '', ...env },
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
  answer = () => ({ status: 201, body: { id: 'k', fingerprint: 'SHA256:x' } });
  await api('sftp-user', 'key', 'add', 'acme', 'a@b', file, '--label', 'pbx');
  expect(seen[0]).toMatchObject({
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
