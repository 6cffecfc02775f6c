import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeKeyPair } from '@callbay/sources';
import { isOpensslInstalled, makeCertificate, openSftp, startProduct, until } from '@callbay/testkit';
import Papa from 'papaparse';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../..');
const MAIN = join(ROOT, 'apps/callbay/src/main.ts');
const SCRIPT = join(ROOT, 'clients/python/examples/weekly_export.py');
const PYTHON_CLIENT = join(ROOT, 'clients/python');
const canRun = isOpensslInstalled && spawnSync('python3', ['--version']).status === 0;

const FIRST = 2_500;
const WRITERS = 5;
/** Metadata may change a call for two days. */
const AN_HOUR_AGO = new Date(Date.now() - 3_600_000).toISOString();
const ROWS_OF_WRITER = 60;
const UPDATES_OF_WRITER = 10;

/** Calls whose recordings rest elsewhere: their ids, and a batch whose rows name them. */
const idsOf = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_, n) => `${name}-${n}`);
const batchOf = (ids: readonly string[], notes: string): string =>
  [
    'datetime,email,direction,filename,notes',
    ...ids.map((id) => `${AN_HOUR_AGO},joe@acme.test,inbound,${id},"${notes.replaceAll('"', '""')}"`),
  ].join('\n');

test.skipIf(!canRun)(
  'a weekly script over HTTPS reads 2,500 calls once each, in order, while five writers surface and update others (skipped without openssl and python3)',
  async () => {
    await using stack = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), 'callbay-weekly-'));
    stack.defer(() => rm(folder, { recursive: true }));
    const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    const certificate = await makeCertificate('localhost');
    await writeFile(certFile, certificate.cert);
    await writeFile(keyFile, certificate.key);
    const env = { CALLBAY_TLS_CERT: certFile, CALLBAY_TLS_KEY: keyFile };
    const product = stack.use(await startProduct(env));
    const callbay = async (...args: string[]): Promise<string> =>
      (
        await run(process.execPath, [MAIN, ...args], {
          env: { ...process.env, ...env, CALLBAY_HOME: product.home, XDG_CONFIG_HOME: folder },
        })
      ).stdout;
    await callbay('tenant', 'create', 'acme', '--name', 'Acme', '--time-zone', 'UTC', '--stage', 'live');
    await callbay('tenant', 'update', 'acme', '--set', 'sourcePrefixes=["pbx_"]');
    const pair = makeKeyPair('ed25519');
    await writeFile(join(folder, 'user.pub'), pair.public);
    const user = JSON.parse(
      await callbay('sftp-user', 'add', 'acme', '--public-key', join(folder, 'user.pub'), '--json'),
    ) as { username: string };
    const token = (JSON.parse(await callbay('tenant', 'token', 'acme', '--json')) as { jwt: string }).jwt;

    const register = async (ids: readonly string[]): Promise<void> => {
      for (let at = 0; at < ids.length; at += 1_000) {
        const items = ids.slice(at, at + 1_000).map((id) => ({ source: 'pbx', id, fields: {} }));
        const file = join(folder, `${ids[0]}-${at}.json`);
        await writeFile(file, JSON.stringify({ items }));
        await callbay('external', 'add', 'acme', file);
      }
    };
    const client = stack.use(
      await openSftp(product.sftpPort, { username: user.username, privateKey: pair.private }),
    );
    const ids = idsOf('call', FIRST);
    await register(ids);
    await client.put('first.csv', batchOf(ids, 'two\nlines, "quoted"'));

    const url = product.url.replace('127.0.0.1', 'localhost');
    const csvFile = join(folder, 'calls.csv');
    const script = async (): Promise<string> =>
      (
        await run('python3', [SCRIPT, csvFile], {
          env: { ...process.env, CALLBAY_URL: url, CALLBAY_TOKEN: token, SSL_CERT_FILE: certFile },
        })
      ).stdout;
    const readCsv = async (): Promise<Record<string, string>[]> => {
      const { data, errors } = Papa.parse<Record<string, string>>(
        (await readFile(csvFile, 'utf8')).trimEnd(),
        { header: true },
      );
      expect(errors).toEqual([]);
      return data;
    };
    const countCalls = async (): Promise<number> => {
      const newest = ['--sort', 'callId', '--order', 'desc', '--limit', '1'];
      return Number(/"callId":\s*(\d+)/.exec(await callbay('calls', 'acme', ...newest, '--json'))?.[1] ?? 0);
    };
    const countUpdated = async (): Promise<number> =>
      [
        ...(
          await callbay('calls', 'acme', '--changed-after', `${FIRST}`, '--limit', '500', '--json')
        ).matchAll(/"revision":\s*2/g),
      ].length;
    await until('all calls are visible', async () => (await countCalls()) >= FIRST, 90_000);

    let areWriting = true;
    const write = async (writer: number): Promise<void> => {
      await using sftp = await openSftp(product.sftpPort, {
        username: user.username,
        privateKey: pair.private,
      });
      const own = idsOf(`writer${writer}`, ROWS_OF_WRITER);
      await register(own);
      await sftp.put(`new-${writer}.csv`, batchOf(own, 'as it came'));
      await sftp.put(
        `update-${writer}.csv`,
        batchOf(ids.slice(writer * UPDATES_OF_WRITER, (writer + 1) * UPDATES_OF_WRITER), `updated ${writer}`),
      );
    };
    const writers = Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer))).finally(() => {
      areWriting = false;
    });
    expect(await script()).toMatch(/^\d+ calls after 0$/m);
    while (areWriting) await script();
    await writers;
    const total = FIRST + WRITERS * ROWS_OF_WRITER;
    await until('the calls of all writers are visible', async () => (await countCalls()) >= total, 90_000);
    await script();
    await until(
      'all updates are visible',
      async () => (await countUpdated()) === WRITERS * UPDATES_OF_WRITER,
      90_000,
    );

    expect(await script()).toBe(`0 calls after ${total}\n`);
    const changed = await run(
      'python3',
      [
        '-B',
        '-c',
        `import json
from callbay import Client
client = Client(${JSON.stringify(url)}, ${JSON.stringify(token)}, ca_file=${JSON.stringify(certFile)})
print(json.dumps([[call["callId"], call["notes"]] for call in client.changes(${FIRST}, fromTime="2026-01-01T00:00:00Z")]))`,
      ],
      { env: { ...process.env, PYTHONPATH: PYTHON_CLIENT }, maxBuffer: 16 * 1024 * 1024 },
    );
    const updates = (JSON.parse(changed.stdout) as [number, string][]).filter(([callId]) => callId <= FIRST);
    expect(updates).toHaveLength(WRITERS * UPDATES_OF_WRITER);
    for (const [callId, notes] of updates)
      expect([callId, notes]).toEqual([callId, expect.stringMatching(/^updated \d$/)]);
    const calls = await readCsv();
    expect(calls.map(({ callId }) => Number(callId))).toEqual(Array.from({ length: total }, (_, n) => n + 1));
    expect(calls[0]).toMatchObject({
      contextId: 'acme',
      notes: 'two\nlines, "quoted"',
      'agent.id': 'joe@acme.test',
    });
  },
  300_000,
);
