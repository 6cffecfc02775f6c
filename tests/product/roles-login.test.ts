import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startEmbeddedPostgres } from '@callbay/embedded';
import { applyMigrations } from '@callbay/postgres';
import { createJobQueue } from '@callbay/queue';
import { makeWav, openSftp, type RunningProduct, startProduct, until } from '@callbay/testkit';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';

const main = join(import.meta.dirname, '../../apps/callbay/src/main.ts');
const run = promisify(execFile);

async function makeHome(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'callbay-login-'));
  onTestFinished(async () => {
    // A throwaway start and stop takes the data away, wherever they had to be put.
    const last = await startEmbeddedPostgres({ home, isThrowaway: true });
    await last.stop();
    await rm(home, { recursive: true, force: true });
  });
  return home;
}

async function readDatabaseUrl(pid: number | undefined): Promise<string> {
  const variables = (await readFile(`/proc/${pid}/environ`, 'utf8')).split('\0');
  return variables.find((line) => line.startsWith('DATABASE_URL='))?.slice('DATABASE_URL='.length) ?? '';
}

interface CallList {
  readonly items: readonly { readonly callId: number; readonly media: { readonly sha256: string } | null }[];
}
const callsOf = (product: RunningProduct, tenantId: string) =>
  product.api<CallList>('GET', `/v1/tenants/${tenantId}/calls`);

async function surfaceOne(product: RunningProduct, tenantId: string): Promise<void> {
  const user = await product.makeTenant(tenantId);
  const client = await openSftp(product.sftpPort, user);
  const stem = '20260302-100000_outbound_1234';
  await client.put(`${stem}.wav`, makeWav({ seconds: 1, seed: 1 }));
  await client.put(
    `${stem}.json`,
    JSON.stringify({ datetime: '2026-03-02T10:00:00Z', email: 'rep@acme.test' }),
  );
  await client[Symbol.asyncDispose]();
  await until('the call', async () => (await callsOf(product, tenantId)).items.length === 1, 30_000);
}

test('no role may do more to the database than read and write rows', { timeout: 90_000 }, async () => {
  await using product = await startProduct();
  await surfaceOne(product, 'acme');
  const pids = await product.pids();
  const urls = await Promise.all([pids.intake, pids.pipeline, pids.api].map(readDatabaseUrl));
  expect(new Set(urls).size).toBe(1);
  const client = new pg.Client({ connectionString: urls[0] });
  await client.connect();
  try {
    const { rows } = await client.query(
      'SELECT rolsuper, rolcreaterole, rolcreatedb, rolbypassrls FROM pg_roles WHERE rolname = current_user',
    );
    expect(rows).toEqual([
      { rolsuper: false, rolcreaterole: false, rolcreatedb: false, rolbypassrls: false },
    ]);
    for (const refused of [
      'CREATE TABLE mine (n int)',
      'ALTER TABLE files ADD COLUMN mine int',
      'DROP TABLE files',
      'TRUNCATE files CASCADE',
      "UPDATE _prisma_migrations SET checksum = ''",
      "ALTER ROLE callbay PASSWORD 'mine'",
      'CREATE ROLE mine',
      "COPY files TO PROGRAM 'cat'",
      "SELECT pg_read_file('PG_VERSION')",
      "ALTER SYSTEM SET archive_command = 'touch /tmp/mine'",
    ])
      await expect(client.query(refused), refused).rejects.toMatchObject({ code: '42501' });
  } finally {
    await client.end();
  }
});

test('a migration beside running roles leaves them their login', { timeout: 90_000 }, async () => {
  await using product = await startProduct();
  const { api } = await product.pids();
  const connectionString = await readDatabaseUrl(api);
  await run(process.execPath, [main, 'migrate'], {
    env: { ...process.env, CALLBAY_HOME: product.home, DATABASE_URL: '' },
  });
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    expect((await client.query('SELECT current_user AS name')).rows).toEqual([{ name: 'callbay_app' }]);
  } finally {
    await client.end();
  }
});

test('a home whose roles were superusers until now goes on, its queue made anew', {
  timeout: 90_000,
}, async () => {
  const home = await makeHome();
  const before = await startEmbeddedPostgres({ home, settings: { fsync: 'off' } });
  const connectionString = await before.createDatabase('callbay');
  await applyMigrations(connectionString);
  const queue = await createJobQueue({ connectionString }, () => {});
  await queue.enqueueCrmImport('acme', 'contacts');
  await queue.close();
  await before.stop();
  for (const tenantId of ['acme', 'again']) {
    await using product = await startProduct({ CALLBAY_HOME: home });
    await surfaceOne(product, tenantId);
  }
});

test('a backup of a running product is restored into a new home, which then serves', {
  timeout: 120_000,
}, async () => {
  const [folder, home] = [await mkdtemp(join(tmpdir(), 'callbay-saved-')), await makeHome()];
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'saved.tar');
  let sha256: string | undefined;
  {
    await using product = await startProduct();
    await surfaceOne(product, 'acme');
    sha256 = (await callsOf(product, 'acme')).items[0]?.media?.sha256;
    await run(process.execPath, [main, 'backup', file], {
      env: { ...process.env, CALLBAY_HOME: product.home, DATABASE_URL: '' },
    });
  }
  await run(process.execPath, [main, 'restore', file], {
    env: { ...process.env, CALLBAY_HOME: home, DATABASE_URL: '' },
  });
  await using restored = await startProduct({ CALLBAY_HOME: home });
  expect((await callsOf(restored, 'acme')).items).toMatchObject([{ callId: 1, media: { sha256 } }]);
  const media = await fetch(`${restored.url}/v1/tenants/acme/calls/1/media`, {
    headers: { authorization: `Bearer ${restored.key}` },
  });
  expect(Buffer.from(await media.arrayBuffer())).toEqual(makeWav({ seconds: 1, seed: 1 }));
  await surfaceOne(restored, 'later');
});
