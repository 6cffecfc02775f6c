import { openDatabase } from '@callbay/postgres';
import {
  createTestDatabase,
  makeSftpUser,
  makeTenant,
  openSftp,
  startCallbay,
  type TestDatabase,
  type TestSftpUser,
  until,
} from '@callbay/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

const ROWS = 5_000;
const CHANGED = ROWS / 10;

let database: TestDatabase;
let user: TestSftpUser;
beforeAll(async () => {
  database = await createTestDatabase();
  user = await makeSftpUser(database.db, await makeTenant(database.db));
});
afterAll(() => database.drop());

interface ObjectCounts {
  readonly rowsRead: number;
  readonly updated: number;
  readonly updatedInPlace: number;
}

/** Contacts in no order of their ids; every tenth has the title of the edition. */
const contacts = (edition: number): string => {
  const lines = Array.from({ length: ROWS }, (_, n) => {
    const title = n % 10 === 0 ? `Title ${edition}` : 'Account Executive';
    return `003${(n * 7_919) % ROWS},First${n},Last${n},user${n}@example.com,${title},San Francisco`;
  });
  return `Id,FirstName,LastName,Email,Title,City\n${lines.join('\n')}\n`;
};

/** Imports one edition by a product of its own, whose sessions report what they read when they end. */
async function importContacts(edition: number): Promise<ObjectCounts> {
  const { connectionString } = database;
  const db = openDatabase({ connectionString, max: 16, applicationName: 'callbay-test' });
  {
    const own = { db, connectionString, [Symbol.asyncDispose]: () => db.close() };
    await using callbay = await startCallbay({ database: own });
    await using client = await openSftp(callbay.sftpPort, user);
    await client.put('contacts.csv', contacts(edition));
    await callbay.settle();
  }
  await until('every session of the product ended', async () => {
    const others = await database.db.query(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'callbay-test-bulk'`,
    );
    return others.length === 0;
  });
  const [counts] = await database.db.query<ObjectCounts>(
    `SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) AS "rowsRead", n_tup_upd AS updated, n_tup_hot_upd AS "updatedInPlace"
       FROM pg_stat_user_tables WHERE relname = 'crm_objects'`,
  );
  return counts!;
}

test('a CRM file that changes a tenth of the objects reads each once and leaves their index alone', async () => {
  const before = await importContacts(1);
  const after = await importContacts(2);
  expect(after.updated - before.updated).toBe(CHANGED);
  expect(after.updatedInPlace - before.updatedInPlace).toBeGreaterThan(0.8 * CHANGED);
  expect(after.rowsRead - before.rowsRead).toBeLessThan(ROWS + 3 * CHANGED);
});
