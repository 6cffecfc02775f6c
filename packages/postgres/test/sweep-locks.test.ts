import { createTestDatabase, type TestDatabase } from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../src/database/database.ts';
import { createSweepLocks } from '../src/sweeps/sweep-locks.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase({ max: 3 });
});

afterAll(() => database[Symbol.asyncDispose]());

test('sweeps that all run at once leave their own work its connections', async () => {
  const { db } = database;
  const run = createSweepLocks(db.pool);
  const all = Promise.withResolvers<void>();
  let begun = 0;
  const work = async (): Promise<void> => {
    begun += 1;
    if (begun === 8) all.resolve();
    await all.promise;
    await db.query('SELECT 1');
  };
  const names = Array.from({ length: 8 }, (_, n) => `sweep-${n}`);
  expect(await Promise.all(names.map((name) => run(name, work)))).toEqual(names.map(() => true));
  expect([db.pool.totalCount - db.pool.idleCount, db.pool.waitingCount]).toEqual([0, 0]);
});

test('a sweep runs once at a time, in this process and in any other', async () => {
  await using other = openDatabase({
    connectionString: database.connectionString,
    max: 2,
    applicationName: 'other',
  });
  const [here, there] = [createSweepLocks(database.db.pool), createSweepLocks(other.pool)];
  const refuse = () => Promise.reject(new Error('two of them ran'));
  const seen: boolean[] = [];
  const ran = await here('purges', async () => {
    seen.push(await here('purges', refuse), await there('purges', refuse));
    seen.push(await there('alerts', async () => {}));
  });
  expect([ran, ...seen]).toEqual([true, false, false, true]);
  expect(await there('purges', async () => {})).toBe(true);
});

test('a lock that is lost with its connection ends nothing but its own sweep', async () => {
  const { db } = database;
  const run = createSweepLocks(db.pool);
  const lost = run('purges', async () => {
    const { rowCount } = await db.pool.query(
      `SELECT pg_terminate_backend(pid, 10000) FROM pg_locks
        WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND pid <> pg_backend_pid()`,
    );
    expect(rowCount).toBe(1);
  });
  await expect(lost).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(await run('purges', async () => {})).toBe(true);
});
