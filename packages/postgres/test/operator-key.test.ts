import { apiKeyId, digestOf } from '@callbay/ingestion';
import { createTestDatabase, type TestDatabase } from '@callbay/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  createKeyStore,
  ensureOperatorKey,
  isOperatorKeyInForce,
  type KeyFile,
  makeOperatorKey,
} from '../src/index.ts';

const by = { name: 'somebody', remoteAddress: null };

let database: TestDatabase;
let kept: string | null;

beforeEach(async () => {
  database = await createTestDatabase();
  kept = null;
});

afterEach(() => database.drop());

const keyFile: KeyFile = {
  read: async () => kept,
  write: async (key) => {
    kept = key;
  },
};
const ensure = (isNewHome = false): Promise<void> =>
  ensureOperatorKey(database.connectionString, keyFile, { isNewHome });
const readKey = (): string => kept ?? '';
const countKeys = async (): Promise<number> => (await database.db.query('SELECT FROM api_keys')).length;

test('the first start writes an operator key and audits it', async () => {
  await ensure();
  const key = readKey();
  const credential = await createKeyStore(database.db).findUsable(apiKeyId(key) ?? '');
  expect(credential).toMatchObject({ form: 'key', role: 'operator', tenantIds: [], digest: digestOf(key) });
  const audit = await database.db.query('SELECT tenant_id, actor, action, target FROM audit_log');
  expect(audit).toEqual([
    { tenant_id: null, actor: 'callbay', action: 'apiKey.create', target: credential?.id },
  ]);
});

test('later starts, and many at once, keep the one key', async () => {
  await Promise.all([ensure(), ensure(), ensure(), ensure()]);
  const key = readKey();
  await ensure();
  expect([readKey(), await countKeys()]).toEqual([key, 1]);
});

test('of new homes that start at once, one gets the key; one that comes later gets none', async () => {
  const files = [1, 2, 3].map(() => ({ key: null as string | null }));
  const start = (file: { key: string | null }) =>
    ensureOperatorKey(
      database.connectionString,
      {
        read: async () => file.key,
        write: async (key) => {
          file.key = key;
        },
      },
      { isNewHome: true },
    );
  await Promise.all(files.slice(0, 2).map(start));
  await start(files[2]!);
  expect(files.filter(({ key }) => key !== null)).toHaveLength(1);
  expect([files[2]!.key, await countKeys()]).toEqual([null, 1]);
});

test('a lost file gets a new key, as does a file of another database', async () => {
  await ensure();
  const first = readKey();
  kept = null;
  await ensure();
  expect(readKey()).not.toBe(first);
  kept = `cb_${'0'.repeat(32)}_${'A'.repeat(43)}`;
  await ensure();
  expect(await countKeys()).toBe(3);
});

test('a revoked key is not made again while its file is there', async () => {
  await ensure();
  const key = readKey();
  const id = apiKeyId(key) ?? '';
  // Another operator's key, since the last one cannot be revoked.
  let other = '';
  await makeOperatorKey(database.connectionString, {
    ...keyFile,
    write: async (made) => {
      other = made;
    },
  });
  expect(await createKeyStore(database.db).revokeCredential(id, null, by)).toBe(true);
  await ensure();
  expect([readKey(), await countKeys()]).toEqual([key, 2]);
  expect(await isOperatorKeyInForce(database.db, key)).toBe(false);
  expect(await isOperatorKeyInForce(database.db, other)).toBe(true);
});

test('the last operator key in force is not revoked, also by two who revoke the last two at once', async () => {
  await ensure();
  const keys = createKeyStore(database.db);
  const first = apiKeyId(readKey()) ?? '';
  await expect(keys.revokeCredential(first, null, by)).rejects.toMatchObject({ code: 'CONFLICT' });
  await makeOperatorKey(database.connectionString, keyFile);
  const second = apiKeyId(readKey()) ?? '';
  const both = await Promise.allSettled([first, second].map((id) => keys.revokeCredential(id, null, by)));
  expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
});

test('a key made on the host is in force and audited, and replaces the file', async () => {
  await ensure();
  const first = readKey();
  await makeOperatorKey(database.connectionString, keyFile);
  expect(readKey()).not.toBe(first);
  expect(await isOperatorKeyInForce(database.db, readKey())).toBe(true);
  expect(await isOperatorKeyInForce(database.db, first)).toBe(true);
  const audit = await database.db.query(
    "SELECT detail FROM audit_log WHERE detail ->> 'reason' = 'callbay operator-key'",
  );
  expect(audit).toHaveLength(1);
});
