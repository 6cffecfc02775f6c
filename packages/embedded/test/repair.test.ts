import { mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { inspectCluster, repairCluster, startEmbeddedPostgres } from '../src/index.ts';

const settings = { fsync: 'off' };

async function query<T extends pg.QueryResultRow>(connectionString: string, sql: string): Promise<T[]> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return (await client.query<T>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** A home whose cluster holds a row, stopped. */
async function makeHome(): Promise<{ home: string; password: string; place: string }> {
  const home = await mkdtemp(join(tmpdir(), 'callbay-repair-'));
  onTestFinished(async () => {
    const last = await startEmbeddedPostgres({ home, isThrowaway: true }).catch(() => null);
    await last?.stop();
    await rm(home, { recursive: true, force: true });
  });
  const server = await startEmbeddedPostgres({ home, settings });
  await query(await server.createDatabase('app'), 'CREATE TABLE kept AS SELECT 1 AS one');
  await server.stop();
  return { home, password: join(home, 'postgres/password'), place: join(home, 'postgres/cluster.json') };
}

async function expectRowKept(home: string): Promise<void> {
  const server = await startEmbeddedPostgres({ home, settings });
  try {
    expect(await query(server.connectionStringFor('app'), 'SELECT one FROM kept')).toEqual([{ one: 1 }]);
  } finally {
    await server.stop();
  }
}

test.each([
  ['empty', (file: string) => truncate(file)],
  ['lost', (file: string) => rm(file)],
])('a cluster whose password is %s gets a new one and keeps its rows', async (_how, lose) => {
  const { home, password } = await makeHome();
  const before = await readFile(password, 'utf8');
  await lose(password);
  await expect(startEmbeddedPostgres({ home, settings })).rejects.toMatchObject({
    code: 'DAMAGED',
    message: expect.stringContaining('callbay doctor --fix'),
  });
  expect(await inspectCluster(home)).toBe('password lost');
  expect(await repairCluster(home)).toHaveLength(1);
  expect(await inspectCluster(home)).toBe('whole');
  expect(await readFile(password, 'utf8')).not.toBe(before);
  expect((await stat(password)).mode & 0o777).toBe(0o600);
  await expectRowKept(home);
});

test.each([
  ['empty', (file: string) => truncate(file)],
  ['lost', (file: string) => rm(file)],
])('a cluster whose place is %s is found again, and no new one is made instead', async (_how, lose) => {
  const { home, place } = await makeHome();
  await lose(place);
  await expect(startEmbeddedPostgres({ home, settings })).rejects.toMatchObject({ code: 'DAMAGED' });
  expect(await inspectCluster(home)).toBe('place lost');
  expect(await repairCluster(home)).toHaveLength(1);
  await expectRowKept(home);
});

test('a whole cluster, and a home without one, are left as they are', async () => {
  const { home, password } = await makeHome();
  const before = await readFile(password, 'utf8');
  expect(await repairCluster(home)).toEqual([]);
  expect(await readFile(password, 'utf8')).toBe(before);
  expect(await repairCluster(join(home, 'none'))).toEqual([]);
  expect(await inspectCluster(join(home, 'none'))).toBe('absent');
});

test('the password of a server that runs is not reset', async () => {
  const { home, password } = await makeHome();
  const server = await startEmbeddedPostgres({ home, settings });
  onTestFinished(() => server.stop());
  await truncate(password);
  await expect(repairCluster(home)).rejects.toMatchObject({ code: 'IN_USE' });
});

test('a password of another cluster is refused with the way out', async () => {
  const { home, password } = await makeHome();
  await writeFile(password, 'of-another-cluster');
  await expect(startEmbeddedPostgres({ home, settings })).rejects.toMatchObject({
    code: 'NOT_OURS',
    message: expect.stringContaining('callbay doctor --fix'),
  });
  await rm(password);
  await repairCluster(home);
  await expectRowKept(home);
});
