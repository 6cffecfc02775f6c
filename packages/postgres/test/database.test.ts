import { CallbayError } from '@callbay/core';
import { createTestDatabase, type TestDatabase } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase, transact } from '../src/index.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const open = (max = 2) =>
  openDatabase({ connectionString: database.connectionString, max, applicationName: 'callbay-test-own' });

const backendPid = 'SELECT pg_backend_pid() AS pid';

test('an int8 comes back as a number, and one beyond 2^53 is an error rather than rounded', async () => {
  expect(await database.db.query('SELECT 9007199254740991::int8 AS value')).toEqual([
    { value: Number.MAX_SAFE_INTEGER },
  ]);
  await expect(database.db.query('SELECT 9007199254740992::int8 AS value')).rejects.toThrow(RangeError);
});

test('a transaction that throws leaves nothing, and its connection is used again', async () => {
  await using db = open(1);
  await db.execute('CREATE TABLE rolled_back (id int)');
  const boom = new Error('boom');
  const failing = transact(db, async (tx) => {
    await tx.execute('INSERT INTO rolled_back VALUES (1)');
    throw boom;
  });
  await expect(failing).rejects.toBe(boom);
  expect(await db.query('SELECT * FROM rolled_back')).toEqual([]);
});

test('a transaction whose function swallowed a failed statement is an error, never a silent rollback', async () => {
  const swallowing = transact(database.db, async (tx) => {
    await tx.execute('SELECT no_such_column').catch(() => {});
  });
  await expect(swallowing).rejects.toThrow(/after one of its statements had failed/);
});

test('a connection ended by the server is a retryable UNAVAILABLE, in a transaction and between its statements', async () => {
  await using db = open(2);
  const inTransaction = transact(db, async (tx) => {
    const [own] = await tx.query<{ pid: number }>(backendPid);
    await database.db.query('SELECT pg_terminate_backend($1, 5000)', [own?.pid]);
    await tx.query('SELECT 1');
  });
  await expect(inTransaction).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true });
  expect(await db.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

test('a connection that breaks while idle is reported and replaced', async () => {
  const idleErrors: Error[] = [];
  const told = Promise.withResolvers<void>();
  await using db = openDatabase({
    connectionString: database.connectionString,
    max: 1,
    applicationName: 'callbay-test-idle',
    onIdleError: (error) => {
      idleErrors.push(error);
      told.resolve();
    },
  });
  const [own] = await db.query<{ pid: number }>(backendPid);
  await database.db.query('SELECT pg_terminate_backend($1, 5000)', [own?.pid]);
  await told.promise;
  expect(idleErrors).toHaveLength(1);
  expect(await db.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

test("a deadlock's victim is told to try again, and the other commits", async () => {
  await using db = open(2);
  await db.execute('CREATE TABLE locked (id int PRIMARY KEY)');
  await db.execute('INSERT INTO locked VALUES (1), (2)');
  const both = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const lockInTurn = (first: number, second: number, own: number) =>
    transact(db, async (tx) => {
      await tx.query('SELECT FROM locked WHERE id = $1 FOR UPDATE', [first]);
      both[own]?.resolve();
      await Promise.all(both.map(({ promise }) => promise));
      await tx.query('SELECT FROM locked WHERE id = $1 FOR UPDATE', [second]);
    });
  const ends = await Promise.allSettled([lockInTurn(1, 2, 0), lockInTurn(2, 1, 1)]);
  const failures = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as CallbayError] : []));
  expect(failures).toMatchObject([{ code: 'UNAVAILABLE', retryable: true }]);
});

test('a server that is away is a retryable UNAVAILABLE, and closing then is no error', async () => {
  const connectionString = 'postgresql://nobody@127.0.0.1:1/none';
  await using db = openDatabase({ connectionString, max: 1, applicationName: 'callbay-test-away' });
  await expect(db.query('SELECT 1')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await expect(transact(db, async () => 1)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});

test('a fault of ours passes through untouched', async () => {
  const failing = database.db.query('SELECT no_such_column');
  await expect(failing).rejects.not.toBeInstanceOf(CallbayError);
  await expect(failing).rejects.toMatchObject({ code: '42703' });
});

test('Prisma works on the same connections, and both close together', async () => {
  await using db = open(1);
  expect(await db.prisma.tenant.count()).toBe(0);
  expect(db.pool.totalCount).toBe(1);
});

test('parallel statements stay within the stated number of connections', async () => {
  await using db = open(3);
  await Promise.all(Array.from({ length: 30 }, () => db.query('SELECT 1')));
  expect(db.pool.totalCount).toBeLessThanOrEqual(3);
});
